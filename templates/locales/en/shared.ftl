skip-to-content = Skip to content
navigation = Navigation
menu-open = Open menu
person-menu = Account of { $address }
nav-mail = Mail
nav-settings = Settings
nav-console = Console
theme = Appearance
theme-auto = As the system
theme-light = Light
theme-dark = Dark
language = Language
minutes = { $count ->
    [one] { $count } minute
   *[other] { $count } minutes
}

sign-in = Sign in
sign-in-name = Mail address
sign-in-password = Password
sign-in-refused = Address or password is wrong.
sign-in-throttled = { $minutes ->
    [one] Too many failed sign-ins. Please wait a minute and try again.
   *[other] Too many failed sign-ins. Please wait { $minutes } minutes and try again.
}
sign-in-unavailable = Sign-in is not possible at the moment. Please try again shortly.
sign-out = Sign out

error-400-title = That did not work
error-400-text = The request was not understood. Please go back and try again.
error-403-title = Not allowed
error-403-text = You may not do this, or the page was open for too long. Reload the page and try again.
error-404-title = Nothing here
error-404-text = This page does not exist, or what it showed is gone.
error-409-title = Something has changed
error-409-text = What you saw is no longer up to date. Reload the page and try again.
error-413-title = Too large
error-413-text = What you sent is larger than the server takes.
error-500-title = A fault of ours
error-500-text = Something went wrong on the server. Nothing you did caused this; trying again may help.
error-503-title = Not reachable at the moment
error-503-text = A part of the server does not answer. Your mail is safe; please try again shortly.
error-retry = Try again
error-home = To the start page
error-id = Request { $id }
toast-failed = That did not work. Please try again.
toast-offline = The server cannot be reached.
