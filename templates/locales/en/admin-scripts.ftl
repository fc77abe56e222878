admin-script = Mail filters
admin-script-active = The Sieve script { $name } is active.
admin-script-hint = When it does harm, turn it off: it is kept, and all mail goes to the Inbox.
admin-script-off = Turn filters off
admin-done-script-off = No filter script runs any more.
