folders = Ordner
folders-own = Eigene Ordner
folders-manage = Ordner verwalten
folders-none = Noch keine eigenen Ordner
folders-none-text = Legen Sie einen an, um Nachrichten nach Themen zu ordnen.
folder-inbox = Posteingang
folder-drafts = Entwürfe
folder-sent = Gesendet
folder-archive = Archiv
folder-junk = Spam
folder-trash = Papierkorb
folder-unread = { $count ->
    [one] { $count } ungelesene Nachricht
   *[other] { $count } ungelesene Nachrichten
}
folder-count = { $count ->
    [one] { $count } Nachricht
   *[other] { $count } Nachrichten
}
folder-menu = Aktionen für diesen Ordner
folder-new = Neuer Ordner
folder-name = Name
folder-name-of = Neuer Name von { $name }
folder-parent = Innerhalb von
folder-top = Keinem anderen Ordner
folder-create = Ordner anlegen
folder-rename = Umbenennen
folder-delete = { $name } löschen
folder-delete-confirm = Den Ordner { $name } löschen? Seine Nachrichten kommen in den Papierkorb.
folder-exists = Einen Ordner dieses Namens gibt es schon.
folder-name-empty = Bitte geben Sie einen Namen ein.
folder-name-bad = Ein Name hat höchstens 100 Zeichen und keines von / \ * %.
folder-has-children = Dieser Ordner enthält weitere. Löschen Sie diese zuerst.
folder-gone = Diesen Ordner gibt es nicht mehr.
folder-no-trash = Es gibt keinen Papierkorb, in den seine Nachrichten kommen könnten.

search = Suchen
search-hint = Nachrichten durchsuchen
search-help = Möglich sind auch von:, an:, betreff:, hat:anhang, ist:ungelesen, ist:markiert, vor:31.1.2026, nach:1.1.2026, in:archiv, größer:5M, "genaue Wörter" und -ohne.
search-results = { $count ->
    [0] Nichts gefunden
    [one] { $count } Nachricht gefunden
   *[other] { $count } Nachrichten gefunden
}
search-in = in { $folder }
search-empty = Nichts gefunden
search-leave = Zurück zu { $folder }
search-title = Suchergebnisse
search-everywhere = in allen Ordnern, neueste zuerst
search-building = Das Suchverzeichnis wird noch aufgebaut. { $count ->
    [one] Eine Nachricht wurde einzeln durchgesehen
   *[other] { $count } Nachrichten wurden einzeln durchgesehen
}, es fehlt also nichts.
search-failed = Die Suche hat nicht geklappt
search-failed-text = Der Maildienst konnte gerade nicht suchen. Ihre Nachrichten sind sicher.
search-again = Noch einmal suchen
search-no-folder = Es gibt keinen Ordner „{ $folder }“.
search-condition-from = von:
search-condition-subject = betreff:
search-condition-attachment = hat:anhang
search-condition-unread = ist:ungelesen
search-condition-starred = ist:markiert
search-condition-after = nach:31.1.2026
search-condition-in = in:archiv
search-condition-larger = größer:5M

compose-new = Neue Nachricht
reader = Nachricht
reader-empty = Wählen Sie eine Nachricht, um sie hier zu lesen.
back-to = Zurück zu { $folder }
back-to-message = Zurück zur Nachricht

no-subject = (kein Betreff)
no-sender = (kein Absender)
no-recipient = (kein Empfänger)
list-to = An { $names }
row-unread = Ungelesen
row-answered = Beantwortet
row-forwarded = Weitergeleitet
row-draft = Entwurf
row-attachment = Mit Anhängen
pages = Seiten
newer = Neuere
older = Ältere
select-all = Alle auf dieser Seite auswählen
select-message = Auswählen: { $subject }
selected-actions = Aktionen für ausgewählte Nachrichten
selected-count = ausgewählt
nothing-selected = Wählen Sie zuerst eine Nachricht aus.
star = Markieren
star-message = Markieren: { $subject }
star-add = Markieren
star-remove = Markierung entfernen
mark-read = Als gelesen kennzeichnen
mark-unread = Als ungelesen kennzeichnen
mark-all-read = Alle als gelesen kennzeichnen
archive = Archivieren
junk = Spam
not-junk = Kein Spam
delete = Löschen
delete-for-ever = Endgültig löschen
delete-confirm = Endgültig löschen? Das lässt sich nicht zurücknehmen.
restore = Zurück in den Posteingang
move-to = Verschieben nach
more = Mehr
empty-folder = Alle endgültig löschen
empty-confirm = { $count ->
    [one] { $count } Nachricht endgültig löschen? Das lässt sich nicht zurücknehmen.
   *[other] { $count } Nachrichten endgültig löschen? Das lässt sich nicht zurücknehmen.
}

empty-inbox = Alles erledigt
empty-inbox-text = Neue Nachrichten erscheinen hier von selbst.
empty-title = Nichts da
empty-drafts-text = Angefangene Nachrichten werden hier aufbewahrt.
empty-sent-text = Was Sie senden, wird hier aufbewahrt.
empty-archive-text = Archivieren Sie, was erledigt ist; hier bleibt es auffindbar.
empty-junk-text = Unerwünschte Nachrichten werden hier aufbewahrt.
empty-trash-text = Was Sie löschen, bleibt hier, bis Sie den Papierkorb leeren.
empty-folder-text = Verschieben Sie Nachrichten hierher, die zusammengehören.

undo = Rückgängig
undo-failed = Das lässt sich nicht mehr rückgängig machen.
done-archive = { $count ->
    [one] Archiviert.
   *[other] { $count } Nachrichten archiviert.
}
done-junk = { $count ->
    [one] Als Spam abgelegt.
   *[other] { $count } Nachrichten als Spam abgelegt.
}
done-not-junk = { $count ->
    [one] In den Posteingang verschoben.
   *[other] { $count } Nachrichten in den Posteingang verschoben.
}
done-trash = { $count ->
    [one] In den Papierkorb verschoben.
   *[other] { $count } Nachrichten in den Papierkorb verschoben.
}
done-restore = { $count ->
    [one] Zurück in den Posteingang verschoben.
   *[other] { $count } Nachrichten zurück in den Posteingang verschoben.
}
done-move = { $count ->
    [one] Verschoben.
   *[other] { $count } Nachrichten verschoben.
}

message-actions = Aktionen für diese Nachricht
message-text = Text der Nachricht
reply = Antworten
reply-all = Allen antworten
forward = Weiterleiten
details = Einzelheiten
head-from = Von
head-reply-to = Antwort an
head-to = An
head-cc = Kopie
head-bcc = Blindkopie
head-date = Datum
head-arrived = Eingegangen
head-size = Größe
quote-show = Zitierten Text zeigen
images-blocked = Bilder von anderen Servern werden nicht gezeigt, damit der Absender nicht erfährt, dass Sie dies lesen.
images-show = Bilder zeigen
show-plain = Als reinen Text zeigen
show-formatted = Formatiert zeigen
show-source = Quelltext zeigen
save-message = Nachricht speichern
save = Speichern
print = Drucken
attachments = { $count ->
    [one] { $count } Anhang
   *[other] { $count } Anhänge
}
attachment-save = { $name } speichern
attachment-preview = Vorschau von { $name }
attachment-unnamed = Nachricht
source-title = Quelltext der Nachricht
source-fields = Kopfzeilen
source-text = Quelltext
source-cut = Nur der Anfang wird gezeigt. Speichern Sie die Nachricht, um alles zu sehen.

shortcuts = Tastenkürzel
key-next = Nächste und vorige Nachricht
key-open = Nachricht öffnen
key-back = Zurück zur Liste
key-select = Nachricht auswählen
key-answer = Antworten, allen antworten, weiterleiten
close = Schließen

thread-count = { $count ->
    [one] { $count } Nachricht
   *[other] { $count } Nachrichten
}
thread-left-out = { $count ->
    [one] { $count } ältere Nachricht wird nicht gezeigt.
   *[other] { $count } ältere Nachrichten werden nicht gezeigt.
}
unfold-all = Alle öffnen
fold-all = Alle schließen
card-new = Neu
draft-go-on = Weiterschreiben
message-open = Diese Nachricht öffnen
reply-to = { $name } antworten
more-of = Mehr zur Nachricht von { $name }
message-text-of = Text von { $name }
sender-verified = Bestätigt
sender-verified-text = Die Domain des Absenders bürgt für diese Nachricht.
sender-unverified = Nicht bestätigt
sender-unverified-text = Niemand bürgt dafür, dass diese Nachricht von dem genannten Absender kommt.
sender-forged = { $domain } erklärt, dass diese Nachricht nicht von dort kommt. Folgen Sie keinen Links darin und antworten Sie nicht mit Vertraulichem.
sender-claims = Der Absender nennt sich { $claimed }, seine Adresse ist aber { $address }.
sender-foreign-letters = Die Domain des Absenders hat Buchstaben, die man mit anderen verwechseln kann. Für Rechner heißt sie { $domain }.
list-message = Von einer Mailingliste.
unsubscribe = Abbestellen
unsubscribe-sure = { $name } bitten, Ihnen nichts mehr zu senden?
unsubscribe-done = Die Liste wurde gebeten, Sie auszutragen.
unsubscribe-failed = Die Liste war nicht zu erreichen. Versuchen Sie den Link in der Nachricht.
images-always = Immer für { $name }
attachments-save-all = Alle speichern

picked-page = { $count ->
    [one] Die eine Zeile dieser Seite ist ausgewählt.
   *[other] Alle { $count } Zeilen dieser Seite sind ausgewählt.
}
picked-all = { $count ->
    [one] Die eine Nachricht ist ausgewählt.
   *[other] Alle { $count } Nachrichten sind ausgewählt.
}
pick-everything = { $count ->
    [one] Die eine Nachricht auswählen
   *[other] Alle { $count } Nachrichten auswählen
}
pick-nothing = Auswahl aufheben
job-running = { $done } von { $total } Nachrichten
job-done = { $count ->
    [one] Eine Nachricht erledigt.
   *[other] { $count } Nachrichten erledigt.
}
job-stopped = Nach { $done } Nachrichten abgebrochen: { $why }
job-failed = der Maildienst hat nicht geantwortet

key-message = Nächste und vorige Nachricht eines Gesprächs
key-fold = Alle Nachrichten eines Gesprächs öffnen oder schließen

settings = Einstellungen
settings-saved = Gespeichert.
settings-not-kept = Dieser Mailserver kann keine Einstellungen aufbewahren.
settings-reading = Lesen und Schreiben
settings-list = Listen zeigen
settings-conversations = Gespräche: was zusammengehört, steht in einer Zeile
settings-messages = Jede Nachricht für sich
settings-panes = Auf breiten Bildschirmen
settings-panes-three = Nachricht neben der Liste
settings-panes-two = Nachricht anstelle der Liste
settings-images = Bilder von anderen Servern
settings-images-ask = Nachfragen; erlaubte Absender werden gezeigt
settings-images-always = Immer zeigen, über diesen Server
settings-writing = Neue Nachrichten
settings-rich = Mit Formatierung
settings-plain = Als reiner Text
settings-default = Standard
settings-name = Name, den Empfänger sehen
settings-signature = Signatur
settings-signature-long = Die Signatur ist zu lang.
settings-make-default = Neue Nachrichten von dieser Adresse schreiben
settings-senders = Bilder werden immer gezeigt für
settings-forget-sender = Wieder nachfragen
settings-forget-sender-of = Bei Bildern von { $sender } wieder nachfragen
settings-save = Speichern
