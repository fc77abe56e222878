skip-to-content = Zum Inhalt springen
navigation = Navigation
menu-open = Menü öffnen
person-menu = Konto { $address }
nav-mail = Mail
nav-settings = Einstellungen
nav-console = Konsole
theme = Darstellung
theme-auto = Wie das System
theme-light = Hell
theme-dark = Dunkel
language = Sprache
minutes = { $count ->
    [one] { $count } Minute
   *[other] { $count } Minuten
}

sign-in = Anmelden
sign-in-name = E-Mail-Adresse
sign-in-password = Passwort
sign-in-refused = Adresse oder Passwort ist falsch.
sign-in-throttled = { $minutes ->
    [one] Zu viele fehlgeschlagene Anmeldungen. Bitte in einer Minute erneut versuchen.
   *[other] Zu viele fehlgeschlagene Anmeldungen. Bitte in { $minutes } Minuten erneut versuchen.
}
sign-in-unavailable = Die Anmeldung ist gerade nicht möglich. Bitte gleich noch einmal versuchen.
sign-out = Abmelden

error-400-title = Das hat nicht geklappt
error-400-text = Die Anfrage wurde nicht verstanden. Bitte zurückgehen und erneut versuchen.
error-403-title = Nicht erlaubt
error-403-text = Das ist Ihnen nicht erlaubt, oder die Seite war zu lange offen. Bitte die Seite neu laden und erneut versuchen.
error-404-title = Hier ist nichts
error-404-text = Diese Seite gibt es nicht, oder ihr Inhalt ist nicht mehr da.
error-409-title = Etwas hat sich geändert
error-409-text = Das Angezeigte ist nicht mehr aktuell. Bitte die Seite neu laden und erneut versuchen.
error-413-title = Zu groß
error-413-text = Das Gesendete ist größer, als der Server annimmt.
error-500-title = Ein Fehler bei uns
error-500-text = Auf dem Server ist etwas schiefgegangen. Das lag nicht an Ihnen; ein neuer Versuch hilft vielleicht.
error-503-title = Gerade nicht erreichbar
error-503-text = Ein Teil des Servers antwortet nicht. Ihre Mails sind sicher; bitte gleich noch einmal versuchen.
error-retry = Erneut versuchen
error-home = Zur Startseite
error-id = Anfrage { $id }
toast-failed = Das hat nicht geklappt. Bitte erneut versuchen.
toast-offline = Der Server ist nicht erreichbar.
