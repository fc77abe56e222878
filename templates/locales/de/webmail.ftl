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
search-help = Möglich sind auch von:, an:, betreff:, hat:anhang, ist:ungelesen, ist:markiert, vor:31.1.2026 und nach:1.1.2026.
search-results = { $count ->
    [0] Nichts gefunden
    [one] { $count } Nachricht gefunden
   *[other] { $count } Nachrichten gefunden
}
search-in = in { $folder }
search-empty = Nichts gefunden
search-leave = Zurück zu { $folder }

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
