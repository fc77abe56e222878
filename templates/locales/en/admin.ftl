admin-navigation = Console
admin-nav-directory = Directory
admin-nav-traffic = Mail traffic
admin-crumbs = Back to
admin-dashboard = Overview
admin-domains = Domains
admin-accounts = Accounts
admin-aliases = Aliases
admin-queue = Queue
admin-traces = Message trace

admin-save = Save changes
admin-cancel = Cancel
admin-remove = Remove
admin-remove-yes = Yes, remove
admin-search = Search
admin-copy = Copy
admin-copy-what = Copy { $what }
admin-copied = Copied
admin-none = none
admin-unlimited = Unlimited
admin-actions = Actions
admin-settings = Settings
admin-created = Created
admin-used = Used
admin-state = State
admin-name = Name
admin-address = Address
admin-domain = Domain
admin-time = Time
admin-from = From
admin-to = To
admin-all-domains = All domains
admin-all-states = All states
admin-nothing-found = Nothing found
admin-nothing-found-text = No entry fits this search.
admin-show-all = Show all
admin-more = and { $count } more
admin-pages = Pages
admin-pager = { $range } of { $total }
admin-page-before = Previous
admin-page-after = Next
admin-under-a-minute = less than a minute
admin-hours = { $count ->
    [one] { $count } hour
   *[other] { $count } hours
}
admin-days = { $count ->
    [one] { $count } day
   *[other] { $count } days
}

admin-done-added = Added.
admin-done-saved = Saved.
admin-done-removed = Removed.
admin-done-password = The password was set, and all sessions of the account were ended.
admin-done-app-password-removed = The app password was removed.
admin-done-keys = New keys were made; publish their records.
admin-done-queue-retry = Will be tried now.
admin-done-queue-hold = Held. Nothing is tried until it is released.
admin-done-queue-release = Released.
admin-done-queue-drop = Dropped.
admin-done-queue-none = Nothing was selected, or it had left the queue already.

admin-fault-address = “{ $text }” is not a mail address. It looks like someone@example.org.
admin-fault-domain = “{ $text }” is not a domain name. It looks like example.org.
admin-fault-size = “{ $text }” is not a size. Write a number with K, M, G or T, for example 500M or 2G.
admin-fault-password = At least { $least } characters, please.
admin-fault-exists = { $name } exists already.
admin-fault-no-domain = The domain { $domain } is not on this server. Add it first.
admin-fault-is-account = { $address } is an account already.
admin-fault-no-target = Enter at least one address.
admin-fault-target = { $address } does not exist on this server.
admin-fault-loop = The alias would lead back to itself.
admin-fault-catch-all = { $address } does not exist on this server, or leads back to itself, so it cannot take mail.
admin-fault-last-admin = This is the last active admin. Make another account admin first.
admin-fault-app-name = Say what the app password is for.
admin-fault-confirm = Type { $address } to confirm.
admin-fault-token = This link was used already or is too old. Get a new one with: gatepost setup-link
admin-fault-token-missing = The code from the setup link is missing.

admin-setup = Set up this server
admin-setup-text = Choose the address and password of the first administrator. You can add everything else in the console.
admin-setup-token = Code
admin-setup-token-hint = The part of the setup link after the # sign.
admin-setup-address = Your mail address
admin-setup-address-hint = Its domain is added to this server.
admin-setup-finish = Create administrator
admin-setup-finished = This server is set up
admin-setup-finished-text = There is an administrator already, so setup links no longer work.

admin-first-title = First steps
admin-first-text = Add the domain that this server receives mail for. The console then shows the DNS records to set, and you can add accounts.
admin-in = Received in the last minute
admin-out = Sent in the last minute
admin-since-start = { $count } since start
admin-queue-oldest = oldest from
admin-queue-nothing = nothing is waiting
admin-sessions = Open sessions
admin-sessions-note = { $smtp } SMTP, { $imap } IMAP
admin-domains-count = { $count ->
    [one] in { $count } domain
   *[other] in { $count } domains
}
admin-storage = Storage
admin-disk-note = { $free } of { $total } free
admin-disk-used = Share of the disk in use
admin-chart = Last hour
admin-chart-in = received
admin-chart-out = sent
admin-chart-from = 60 minutes ago
admin-chart-now = now
admin-chart-top = busiest minute: { $count }
admin-chart-label = Messages each minute of the last hour: { $in } received, { $out } sent
admin-server = Server
admin-hostname = Host name
admin-version = Version
admin-running = Running for
admin-running-since = since
admin-certificate = Certificate
admin-certificate-names = Valid for
admin-certificate-until = valid until
admin-certificate-files = from files
admin-certificate-acme = ordered automatically (ACME)
admin-certificate-self_signed = self-signed
admin-warn-disk-title = The disk is almost full
admin-warn-disk-text = When it is full, mail is refused for the time being until there is room again.
admin-warn-self-signed-title = Self-signed certificate
admin-warn-self-signed-text = Browsers and mail programs will warn. Set a certificate or an ACME contact under [tls] in gatepost.toml.
admin-warn-certificate-name-title = The certificate is for another name
admin-warn-certificate-name-text = Mail programs will warn, as the certificate does not name this host. It is valid for:
admin-warn-certificate-over-title = The certificate has expired
admin-warn-certificate-over-text = Browsers and mail programs will warn until it is renewed.
admin-warn-certificate-ends-title = The certificate ends soon
admin-warn-certificate-ends-text = It has to be renewed within two weeks.
admin-warn-certificate-fault-title = The certificate could not be renewed
admin-warn-certificate-fault-text = The present one stays in use. What went wrong:

admin-domain-new = Add domain
admin-domain-add = Add domain
admin-domain-name = Domain name
admin-domain-name-hint = The part of addresses after the @.
admin-domains-none = No domains yet
admin-domains-none-text = A domain is the part of an address after the @. Add the one this server receives mail for.
admin-account-quota = Quota of new accounts
admin-account-quota-hint = For example 2G. Empty for unlimited.
admin-domain-quota = Quota of the whole domain
admin-domain-quota-hint = All accounts together. Empty for unlimited.
admin-catch-all = Catch-all
admin-catch-all-hint = Takes mail for addresses that do not exist. Empty: such mail is refused, which keeps spam out.
admin-accounts-count = { $count ->
    [one] { $count } account
   *[other] { $count } accounts
}
admin-aliases-count = { $count ->
    [one] { $count } alias
   *[other] { $count } aliases
}
admin-messages-count = { $count ->
    [one] { $count } message
   *[other] { $count } messages
}
admin-domain-remove = Remove domain
admin-domain-remove-text = Mail for the domain is then refused. Its aliases go with it.
admin-domain-remove-sure = Remove { $domain } and its aliases?
admin-domain-has-accounts = The domain still has accounts. Remove them first.

admin-dns = DNS
admin-dns-of = DNS of { $domain }
admin-dns-text = Set these records where the domain's DNS is kept. They are looked up as other servers see them; changes can take an hour to be seen.
admin-dns-check = Check again
admin-dns-checking = Looking up the records …
admin-dns-noscript = Use “Check again” to look the records up.
admin-dns-at = Checked
admin-dns-all-right = All records are as they should be.
admin-dns-open = { $count ->
    [one] One record needs your attention.
   *[other] { $count } records need your attention.
}
admin-dns-unknown = { $count ->
    [one] One record could not be checked. The name servers did not answer.
   *[other] { $count } records could not be checked. The name servers did not answer.
}
admin-dns-name = Name
admin-dns-type = Type
admin-dns-wanted = Should be
admin-dns-wanted-address = the public address of this server
admin-dns-found = Found
admin-dns-found-none = nothing
admin-dns-state-right = OK
admin-dns-state-missing = Missing
admin-dns-state-different = Different
admin-dns-state-unknown = Could not be checked
admin-dns-mx = Mail exchanger (MX)
admin-dns-mx-why = Tells other servers to deliver mail for this domain to this server.
admin-dns-dkim-pending = New signing key (DKIM)
admin-dns-dkim-pending-why = Waits for this record. Once it is seen, the key signs the mail of this domain.
admin-dns-dkim-active = Signing key (DKIM)
admin-dns-dkim-active-why = Proves to receivers that mail comes from this domain unchanged.
admin-dns-dkim-retired = Former signing key (DKIM)
admin-dns-dkim-retired-why = Signs no more. Leave its record for a week, for mail that is still on its way; it leaves this list then.
admin-dkim-rotate = New signing keys
admin-dkim-rotate-text = New keys are made and their records appear above. The present keys go on signing until the new records are seen.
admin-dkim-waiting = New keys wait for their records already. Publish those first.
admin-dns-host = Address of this server
admin-dns-host-why = The host name must lead to an address that other servers can reach.
admin-dns-reverse = Reverse name (PTR)
admin-dns-reverse-why = The address must lead back to the host name, or many servers refuse your mail. Whoever rents you the address sets it.
admin-dns-spf = Allowed senders (SPF)
admin-dns-spf-why = Says that this server may send for the domain. There may be only one such record.
admin-dns-dmarc = Policy for forgeries (DMARC)
admin-dns-dmarc-why = Says what receivers do with mail that fails the checks, and where they report it. Start with p=none.
admin-dns-imaps = Mail programs: reading (SRV)
admin-dns-imaps-why = Lets mail programs find IMAP by the address alone.
admin-dns-submissions = Mail programs: sending (SRV)
admin-dns-submissions-why = Lets mail programs find where to send by the address alone.
admin-dns-certificate-why = Mail programs and browsers accept the server only with a certificate for its host name.
admin-dns-certificate-right = OK
admin-dns-certificate-self-signed = Self-signed
admin-dns-certificate-name = For another name

admin-account = Account
admin-account-new = Add account
admin-account-add = Add account
admin-account-added = Account added
admin-account-another = Add another
admin-account-open = Open account
admin-account-address-hint = Also the name to sign in with.
admin-account-admin = Administrator
admin-account-admin-hint = May use this console.
admin-account-remove = Remove account
admin-account-remove-text = Deletes { $address } with all its mail, for good. To keep the mail, close the account instead.
admin-account-remove-self = You are signed in with this account. Another administrator can remove it.
admin-confirm-address = Type the address to confirm
admin-accounts-none = No accounts yet
admin-accounts-none-text = An account is a mailbox with an address and a password.
admin-accounts-need-domain = An address needs a domain of this server. Add one first.
admin-accounts-search = Search by address or name
admin-someone = someone
admin-quota = Quota
admin-quota-default = As the domain says
admin-quota-hint = For example 2G. Empty for the domain's default.
admin-quota-used = Share of the quota in use
admin-usage = { $used } in use, no limit
admin-usage-of = { $used } of { $quota }
admin-state-active = Active
admin-state-suspended = Suspended
admin-state-closed = Closed
admin-state-admin = Admin
admin-state-active-long = Active: receives, signs in, sends
admin-state-suspended-long = Suspended: receives, but cannot sign in or send
admin-state-closed-long = Closed: refuses mail, keeps what is there
admin-password-make = Make a strong password
admin-password-type = Type a password
admin-password-hint = At least 8 characters.
admin-password-reset = New password
admin-password-reset-text = All sessions of the account end. App passwords stay.
admin-password-set = Set password
admin-password-made = The new password
admin-secret-once = Copy it now: it is shown this once and cannot be looked up later.
admin-app-passwords = App passwords
admin-app-passwords-none = A separate password for each mail program can be taken back without changing the account's own.
admin-app-password-add = Make
admin-app-password-made = App password for { $name }
admin-app-password-remove = Remove the app password { $name }
admin-app-password-remove-sure = Remove the app password “{ $name }”? The program that uses it can no longer sign in.
admin-app-name = What it is for
admin-app-name-example = Phone
admin-traces-of-account = Messages from and to this address

admin-alias = Alias
admin-alias-new = Add alias
admin-alias-add = Add alias
admin-alias-remove = Remove alias
admin-alias-remove-text = Mail to this address is then refused, or goes to the catch-all.
admin-alias-remove-sure = Remove { $address }?
admin-aliases-none = No aliases yet
admin-aliases-none-text = An alias is a further address that leads to one or more others, such as info@ or sales@.
admin-aliases-search = Search by address or target
admin-targets = Leads to
admin-targets-hint = One address a line; here or elsewhere.

admin-queue-text = Mail for other servers that has not been delivered yet.
admin-queue-none = The queue is empty
admin-queue-none-text = Mail for other servers stays here until it is delivered. Right now nothing is waiting.
admin-queue-state-waiting = Waiting
admin-queue-state-held = Held
admin-queue-state-deferred = Deferred
admin-queue-entry = Queue entry
admin-queue-recipient = Recipient
admin-queue-sender = Sender
admin-queue-original = Sent to
admin-queue-size = Size
admin-queue-accepted = Accepted
admin-queue-next = Next attempt
admin-queue-next-held = not until released
admin-queue-attempts = Attempts
admin-queue-attempts-count = { $count ->
    [0] not tried yet
    [one] { $count } attempt
   *[other] { $count } attempts
}
admin-queue-reason = Reason
admin-queue-reason-held = Held by an administrator.
admin-queue-reply = Last answer
admin-queue-host = Server asked
admin-queue-select = Select the message to { $recipient }
admin-queue-select-all = Select all
admin-queue-selected = With the selected:
admin-queue-retry = Retry now
admin-queue-hold = Hold
admin-queue-release = Release
admin-queue-drop = Drop
admin-done-queue-bounce = Returned to the sender.
admin-done-queue-busy = It is being delivered at this moment, so it was left alone.
admin-queue-total = { $count } in the queue
admin-queue-said = { $host } said: { $reply }
admin-queue-state-active = Delivering
admin-queue-reason-waiting = Waiting for its first attempt.
admin-queue-state-scheduled = Scheduled
admin-queue-reason-scheduled = Waits for the time that its sender has set.
admin-queue-reason-active = Is being delivered at this moment.
admin-queue-reason-deferred = Will be tried again.
admin-queue-next-now = now
admin-queue-expires = Given up
admin-queue-bounce = Return to sender
admin-queue-more = Take out of the queue
admin-queue-more-text = Drop: nobody is told. Return to sender: the sender gets a notification that it was not delivered.
admin-queue-all = All that fit the filter, also on other pages
admin-queue-filter-sender = Sender contains
admin-queue-filter-domain = Recipient domain
admin-queue-filter = Filter
admin-queue-first = To the beginning
admin-queue-next-page = Further entries

admin-trace = Steps of a message
admin-trace-steps = Steps
admin-traces-none = Nothing has passed through yet
admin-traces-none-text = Every message leaves its steps here: received, delivered, sent, or why not.
admin-traces-search = Address or trace id
admin-traces-nothing-found = No message from or to this address in the recent history.
admin-traces-cut = Only the newest messages are shown. Search for an address to see others.
admin-null-sender = notification (no sender)
admin-last-step = Last step
admin-step-received = Received
admin-step-received-why = Another server handed it over.
admin-step-submitted = Submitted
admin-step-submitted-why = Someone with an account here sent it.
admin-step-delivered = Delivered
admin-step-delivered-why = It is in the mailbox.
admin-step-queued = Queued
admin-step-queued-why = It waits to be sent to another server.
admin-step-sent = Sent
admin-step-sent-why = The other server took it.
admin-step-deferred = Deferred
admin-step-deferred-why = It could not be sent yet and will be tried again.
admin-step-bounced = Bounced
admin-step-bounced-why = It could not be sent; its sender was told.
admin-step-dropped = Dropped
admin-step-dropped-why = It was taken out of the queue.
admin-step-refused = Refused
admin-step-refused-why = The filter did not take it; its server was told why.

admin-bans = Kept out
admin-bans-text = Networks that did too much harm are shut out of the mail ports for a while: failed sign-ins, mail to unknown recipients, attempts to relay. Every entry can be taken back.
admin-bans-none = Nobody is banned
admin-bans-none-text = Networks appear here when they try too often what they may not.
admin-bans-network = Network
admin-bans-since = Since
admin-bans-until = Until
admin-bans-hours = Hours
admin-bans-add = Ban a network
admin-bans-remove = Let in again
admin-bans-remove-what = Let { $what } in again
admin-bans-fault-network = Write a network such as 192.0.2.0/24 or one address. This machine, and networks that hold nearly everybody, cannot be banned.
admin-bans-fault-hours = Write a number of hours from 1 to 8760.
admin-bans-stops = Accounts whose sending was stopped
admin-bans-allow = Allow to send
admin-bans-allow-what = Allow { $what } to send
admin-warn-sending-stopped-title = Sending was stopped for an account
admin-warn-sending-stopped-text = It sent more than an account may in a day. Look at what it sent, set a new password, and allow it to send again under “Kept out”.
