folders = Folders
folders-own = My folders
folders-manage = Manage folders
folders-none = No folders of your own yet
folders-none-text = Make one to sort mail by what it is about.
folder-inbox = Inbox
folder-drafts = Drafts
folder-sent = Sent
folder-archive = Archive
folder-junk = Junk
folder-trash = Trash
folder-unread = { $count ->
    [one] { $count } unread message
   *[other] { $count } unread messages
}
folder-count = { $count ->
    [one] { $count } message
   *[other] { $count } messages
}
folder-menu = Actions for this folder
folder-new = New folder
folder-name = Name
folder-name-of = New name of { $name }
folder-parent = Inside of
folder-top = No other folder
folder-create = Make folder
folder-rename = Rename
folder-delete = Delete { $name }
folder-delete-confirm = Delete the folder { $name }? Its messages go to the trash.
folder-exists = There is a folder of that name already.
folder-name-empty = Please enter a name.
folder-name-bad = A name has at most 100 characters and none of / \ * %.
folder-has-children = There are folders inside of this one. Delete them first.
folder-gone = This folder does not exist any more.
folder-no-trash = There is no trash that its messages could go to.

search = Search
search-hint = Search mail
search-help = You can use from:, to:, subject:, has:attachment, is:unread, is:starred, before:2026-01-31, after:2026-01-01, in:archive, larger:5M, "exact words" and -without.
search-results = { $count ->
    [0] Nothing found
    [one] { $count } message found
   *[other] { $count } messages found
}
search-in = in { $folder }
search-empty = Nothing found
search-leave = Back to { $folder }
search-title = Search results
search-everywhere = in all folders, newest first
search-building = The search index is still being built. { $count ->
    [one] One message was looked at by itself
   *[other] { $count } messages were looked at one by one
}, so nothing is missing.
search-failed = The search did not work
search-failed-text = The mail service could not search at the moment. Your mail is safe.
search-again = Search again
search-no-folder = There is no folder called “{ $folder }”.
search-condition-from = from:
search-condition-subject = subject:
search-condition-attachment = has:attachment
search-condition-unread = is:unread
search-condition-starred = is:starred
search-condition-after = after:2026-01-31
search-condition-in = in:archive
search-condition-larger = larger:5M

compose-new = New message
reader = Message
reader-empty = Choose a message to read it here.
back-to = Back to { $folder }
back-to-message = Back to the message

no-subject = (no subject)
no-sender = (no sender)
no-recipient = (no recipient)
list-to = To { $names }
row-unread = Unread
row-answered = Answered
row-forwarded = Forwarded
row-draft = Draft
row-attachment = Has attachments
pages = Pages
newer = Newer
older = Older
select-all = Select all on this page
select-message = Select: { $subject }
selected-actions = Actions for selected messages
selected-count = selected
nothing-selected = Select a message first.
star = Star
star-message = Star: { $subject }
star-add = Add star
star-remove = Remove star
mark-read = Mark as read
mark-unread = Mark as unread
mark-all-read = Mark all as read
archive = Archive
junk = Junk
not-junk = Not junk
delete = Delete
delete-for-ever = Delete for ever
delete-confirm = Delete for ever? This cannot be taken back.
restore = Back to the inbox
move-to = Move to
more = More
empty-folder = Delete all for ever
empty-confirm = { $count ->
    [one] Delete { $count } message for ever? This cannot be taken back.
   *[other] Delete { $count } messages for ever? This cannot be taken back.
}

empty-inbox = All done
empty-inbox-text = New mail appears here by itself.
empty-title = Nothing here
empty-drafts-text = Messages that you have begun to write are kept here.
empty-sent-text = What you send is kept here.
empty-archive-text = Archive messages that are done with; they stay here and can be found.
empty-junk-text = Unwanted mail is kept here.
empty-trash-text = What you delete is kept here until you empty the trash.
empty-folder-text = Move messages here to keep them together.

undo = Undo
undo-failed = This cannot be undone any more.
done-archive = { $count ->
    [one] Archived.
   *[other] { $count } messages archived.
}
done-junk = { $count ->
    [one] Moved to junk.
   *[other] { $count } messages moved to junk.
}
done-not-junk = { $count ->
    [one] Moved to the inbox.
   *[other] { $count } messages moved to the inbox.
}
done-trash = { $count ->
    [one] Moved to the trash.
   *[other] { $count } messages moved to the trash.
}
done-restore = { $count ->
    [one] Moved back to the inbox.
   *[other] { $count } messages moved back to the inbox.
}
done-move = { $count ->
    [one] Moved.
   *[other] { $count } messages moved.
}

message-actions = Actions for this message
message-text = Text of the message
reply = Reply
reply-all = Reply to all
forward = Forward
details = Details
head-from = From
head-reply-to = Reply to
head-to = To
head-cc = Copy
head-bcc = Blind copy
head-date = Date
head-arrived = Arrived
head-size = Size
quote-show = Show quoted text
images-blocked = Images from other servers are not shown, so that the sender does not learn that you read this.
images-show = Show images
show-plain = Show as plain text
show-formatted = Show formatted
show-source = Show source
save-message = Save message
save = Save
print = Print
attachments = { $count ->
    [one] { $count } attachment
   *[other] { $count } attachments
}
attachment-save = Save { $name }
attachment-preview = Preview of { $name }
attachment-unnamed = message
source-title = Source of the message
source-fields = Header fields
source-text = Source
source-cut = Only the beginning is shown. Save the message to see all of it.

shortcuts = Keyboard shortcuts
key-next = Next and previous message
key-open = Open the message
key-back = Back to the list
key-select = Select the message
key-answer = Reply, reply to all, forward
close = Close

thread-count = { $count ->
    [one] { $count } message
   *[other] { $count } messages
}
thread-left-out = { $count ->
    [one] { $count } older message is not shown.
   *[other] { $count } older messages are not shown.
}
unfold-all = Open all
fold-all = Close all
card-new = New
draft-go-on = Go on writing
message-open = Open this message
reply-to = Reply to { $name }
more-of = More for the message of { $name }
message-text-of = Text of { $name }
sender-verified = Verified
sender-verified-text = The sender’s domain vouches for this message.
sender-unverified = Not verified
sender-unverified-text = Nobody vouches that this message comes from the sender it names.
sender-forged = { $domain } says that this message is not theirs. Do not follow its links and do not answer with anything private.
sender-claims = The sender calls itself { $claimed }, but its address is { $address }.
sender-foreign-letters = The sender’s domain has letters that can be taken for others. To machines it is { $domain }.
list-message = From a mailing list.
unsubscribe = Unsubscribe
unsubscribe-sure = Ask { $name } to send you no more mail?
unsubscribe-done = The list was asked to remove you.
unsubscribe-failed = The list could not be reached. Try the link in the message.
images-always = Always for { $name }
attachments-save-all = Save all

picked-page = { $count ->
    [one] The one row on this page is selected.
   *[other] All { $count } rows on this page are selected.
}
picked-all = { $count ->
    [one] The one message is selected.
   *[other] All { $count } messages are selected.
}
pick-everything = { $count ->
    [one] Select the one message
   *[other] Select all { $count } messages
}
pick-nothing = Clear the selection
job-running = { $done } of { $total } messages
job-done = { $count ->
    [one] One message done.
   *[other] { $count } messages done.
}
job-stopped = Stopped after { $done } messages: { $why }
job-failed = the mail service did not answer

key-message = Next and previous message of a conversation
key-fold = Open or close all messages of a conversation

settings = Settings
settings-saved = Saved.
settings-not-kept = This mail server cannot keep settings.
settings-reading = Reading and writing
settings-list = Lists show
settings-conversations = Conversations: messages that belong together are one row
settings-messages = Every message by itself
settings-panes = On wide screens
settings-panes-three = Message beside the list
settings-panes-two = Message in place of the list
settings-images = Images from other servers
settings-images-ask = Ask; senders you allowed are shown
settings-images-always = Always show, through this server
settings-writing = New messages
settings-rich = With formatting
settings-plain = As plain text
settings-default = Standard
settings-name = Name shown to recipients
settings-signature = Signature
settings-signature-long = The signature is too long.
settings-make-default = Write new messages from this address
settings-senders = Images are always shown for
settings-forget-sender = Ask again
settings-forget-sender-of = Ask again for images of { $sender }
settings-save = Save
