admin-navigation = Konsole
admin-nav-directory = Verzeichnis
admin-nav-traffic = Mailverkehr
admin-crumbs = Zurück zu
admin-dashboard = Übersicht
admin-domains = Domains
admin-accounts = Konten
admin-aliases = Aliasse
admin-queue = Warteschlange
admin-traces = Nachrichtenverlauf

admin-save = Änderungen speichern
admin-cancel = Abbrechen
admin-remove = Entfernen
admin-remove-yes = Ja, entfernen
admin-search = Suchen
admin-copy = Kopieren
admin-copy-what = { $what } kopieren
admin-copied = Kopiert
admin-none = keine
admin-unlimited = Unbegrenzt
admin-actions = Aktionen
admin-settings = Einstellungen
admin-created = Angelegt
admin-used = Belegt
admin-state = Zustand
admin-name = Name
admin-address = Adresse
admin-domain = Domain
admin-time = Zeit
admin-from = Von
admin-to = An
admin-all-domains = Alle Domains
admin-all-states = Alle Zustände
admin-nothing-found = Nichts gefunden
admin-nothing-found-text = Kein Eintrag passt zu dieser Suche.
admin-show-all = Alle zeigen
admin-more = und { $count } weitere
admin-pages = Seiten
admin-pager = { $range } von { $total }
admin-page-before = Zurück
admin-page-after = Weiter
admin-under-a-minute = weniger als eine Minute
admin-hours = { $count ->
    [one] { $count } Stunde
   *[other] { $count } Stunden
}
admin-days = { $count ->
    [one] { $count } Tag
   *[other] { $count } Tage
}

admin-done-added = Hinzugefügt.
admin-done-saved = Gespeichert.
admin-done-removed = Entfernt.
admin-done-password = Das Passwort wurde gesetzt, alle Sitzungen des Kontos wurden beendet.
admin-done-app-password-removed = Das App-Passwort wurde entfernt.
admin-done-keys = Neue Schlüssel wurden erzeugt; veröffentlichen Sie ihre Einträge.
admin-done-queue-retry = Wird jetzt versucht.
admin-done-queue-hold = Angehalten. Bis zur Freigabe wird nichts versucht.
admin-done-queue-release = Freigegeben.
admin-done-queue-drop = Verworfen.
admin-done-queue-none = Nichts war ausgewählt, oder es war nicht mehr in der Warteschlange.

admin-fault-address = „{ $text }“ ist keine E-Mail-Adresse. Sie sieht aus wie jemand@example.org.
admin-fault-domain = „{ $text }“ ist kein Domainname. Er sieht aus wie example.org.
admin-fault-size = „{ $text }“ ist keine Größe. Schreiben Sie eine Zahl mit K, M, G oder T, zum Beispiel 500M oder 2G.
admin-fault-password = Bitte mindestens { $least } Zeichen.
admin-fault-exists = { $name } gibt es schon.
admin-fault-no-domain = Die Domain { $domain } ist nicht auf diesem Server. Fügen Sie sie zuerst hinzu.
admin-fault-is-account = { $address } ist schon ein Konto.
admin-fault-no-target = Geben Sie mindestens eine Adresse ein.
admin-fault-target = { $address } gibt es auf diesem Server nicht.
admin-fault-loop = Der Alias würde zu sich selbst zurückführen.
admin-fault-catch-all = { $address } gibt es auf diesem Server nicht, oder es führt zu sich selbst zurück. Es kann daher keine Mail annehmen.
admin-fault-last-admin = Das ist die letzte aktive Administration. Geben Sie zuerst einem anderen Konto diese Rolle.
admin-fault-app-name = Geben Sie an, wofür das App-Passwort ist.
admin-fault-confirm = Geben Sie zur Bestätigung { $address } ein.
admin-fault-token = Dieser Link wurde schon benutzt oder ist zu alt. Einen neuen gibt es mit: gatepost setup-link
admin-fault-token-missing = Der Code aus dem Einrichtungslink fehlt.

admin-setup = Server einrichten
admin-setup-text = Wählen Sie Adresse und Passwort für die erste Administration. Alles Weitere legen Sie in der Konsole an.
admin-setup-token = Code
admin-setup-token-hint = Der Teil des Einrichtungslinks nach dem Zeichen #.
admin-setup-address = Ihre E-Mail-Adresse
admin-setup-address-hint = Ihre Domain wird auf diesem Server angelegt.
admin-setup-finish = Administration anlegen
admin-setup-finished = Dieser Server ist eingerichtet
admin-setup-finished-text = Es gibt schon eine Administration, daher gelten Einrichtungslinks nicht mehr.

admin-first-title = Erste Schritte
admin-first-text = Fügen Sie die Domain hinzu, für die dieser Server Mail annimmt. Die Konsole zeigt dann die nötigen DNS-Einträge, und Sie können Konten anlegen.
admin-in = Empfangen in der letzten Minute
admin-out = Gesendet in der letzten Minute
admin-since-start = { $count } seit dem Start
admin-queue-oldest = älteste von
admin-queue-nothing = nichts wartet
admin-sessions = Offene Sitzungen
admin-sessions-note = { $smtp } SMTP, { $imap } IMAP
admin-domains-count = { $count ->
    [one] in { $count } Domain
   *[other] in { $count } Domains
}
admin-storage = Speicher
admin-disk-note = { $free } von { $total } frei
admin-disk-used = Belegter Anteil der Festplatte
admin-chart = Letzte Stunde
admin-chart-in = empfangen
admin-chart-out = gesendet
admin-chart-from = vor 60 Minuten
admin-chart-now = jetzt
admin-chart-top = stärkste Minute: { $count }
admin-chart-label = Nachrichten je Minute der letzten Stunde: { $in } empfangen, { $out } gesendet
admin-server = Server
admin-hostname = Hostname
admin-version = Version
admin-running = Laufzeit
admin-running-since = seit
admin-certificate = Zertifikat
admin-certificate-names = Gültig für
admin-certificate-until = gültig bis
admin-certificate-files = aus Dateien
admin-certificate-acme = automatisch bestellt (ACME)
admin-certificate-self_signed = selbst signiert
admin-warn-disk-title = Die Festplatte ist fast voll
admin-warn-disk-text = Ist sie voll, wird Mail vorübergehend abgewiesen, bis wieder Platz ist.
admin-warn-self-signed-title = Selbst signiertes Zertifikat
admin-warn-self-signed-text = Browser und Mailprogramme werden warnen. Tragen Sie in gatepost.toml unter [tls] ein Zertifikat oder einen ACME-Kontakt ein.
admin-warn-certificate-name-title = Das Zertifikat gilt für einen anderen Namen
admin-warn-certificate-name-text = Mailprogramme werden warnen, weil das Zertifikat diesen Host nicht nennt. Es gilt für:
admin-warn-certificate-over-title = Das Zertifikat ist abgelaufen
admin-warn-certificate-over-text = Browser und Mailprogramme warnen, bis es erneuert ist.
admin-warn-certificate-ends-title = Das Zertifikat läuft bald ab
admin-warn-certificate-ends-text = Es muss innerhalb von zwei Wochen erneuert werden.
admin-warn-certificate-fault-title = Das Zertifikat konnte nicht erneuert werden
admin-warn-certificate-fault-text = Das bisherige bleibt im Einsatz. Der Fehler:

admin-domain-new = Domain hinzufügen
admin-domain-add = Domain hinzufügen
admin-domain-name = Domainname
admin-domain-name-hint = Der Teil von Adressen nach dem @.
admin-domains-none = Noch keine Domains
admin-domains-none-text = Eine Domain ist der Teil einer Adresse nach dem @. Fügen Sie die hinzu, für die dieser Server Mail annimmt.
admin-account-quota = Speicherplatz neuer Konten
admin-account-quota-hint = Zum Beispiel 2G. Leer für unbegrenzt.
admin-domain-quota = Speicherplatz der ganzen Domain
admin-domain-quota-hint = Alle Konten zusammen. Leer für unbegrenzt.
admin-catch-all = Auffangadresse
admin-catch-all-hint = Nimmt Mail für Adressen an, die es nicht gibt. Leer: solche Mail wird abgewiesen, was Spam fernhält.
admin-accounts-count = { $count ->
    [one] { $count } Konto
   *[other] { $count } Konten
}
admin-aliases-count = { $count ->
    [one] { $count } Alias
   *[other] { $count } Aliasse
}
admin-messages-count = { $count ->
    [one] { $count } Nachricht
   *[other] { $count } Nachrichten
}
admin-domain-remove = Domain entfernen
admin-domain-remove-text = Mail für die Domain wird dann abgewiesen. Ihre Aliasse gehen mit.
admin-domain-remove-sure = { $domain } mit allen Aliassen entfernen?
admin-domain-has-accounts = Die Domain hat noch Konten. Entfernen Sie diese zuerst.

admin-dns = DNS
admin-dns-of = DNS von { $domain }
admin-dns-text = Tragen Sie diese Einträge dort ein, wo das DNS der Domain geführt wird. Sie werden so abgefragt, wie andere Server sie sehen; Änderungen sind manchmal erst nach einer Stunde zu sehen.
admin-dns-check = Neu prüfen
admin-dns-checking = Die Einträge werden abgefragt …
admin-dns-noscript = Mit „Neu prüfen“ werden die Einträge abgefragt.
admin-dns-at = Geprüft
admin-dns-all-right = Alle Einträge sind, wie sie sein sollen.
admin-dns-open = { $count ->
    [one] Ein Eintrag braucht Ihre Aufmerksamkeit.
   *[other] { $count } Einträge brauchen Ihre Aufmerksamkeit.
}
admin-dns-unknown = { $count ->
    [one] Ein Eintrag ließ sich nicht prüfen. Die Nameserver haben nicht geantwortet.
   *[other] { $count } Einträge ließen sich nicht prüfen. Die Nameserver haben nicht geantwortet.
}
admin-dns-name = Name
admin-dns-type = Typ
admin-dns-wanted = Soll sein
admin-dns-wanted-address = die öffentliche Adresse dieses Servers
admin-dns-found = Gefunden
admin-dns-found-none = nichts
admin-dns-state-right = OK
admin-dns-state-missing = Fehlt
admin-dns-state-different = Anders
admin-dns-state-unknown = Nicht prüfbar
admin-dns-mx = Mailserver (MX)
admin-dns-mx-why = Sagt anderen Servern, dass Mail für diese Domain hierher zugestellt wird.
admin-dns-dkim-pending = Neuer Signaturschlüssel (DKIM)
admin-dns-dkim-pending-why = Wartet auf diesen Eintrag. Sobald er zu sehen ist, signiert der Schlüssel die Mail dieser Domain.
admin-dns-dkim-active = Signaturschlüssel (DKIM)
admin-dns-dkim-active-why = Beweist Empfängern, dass Mail unverändert von dieser Domain kommt.
admin-dns-dkim-retired = Früherer Signaturschlüssel (DKIM)
admin-dns-dkim-retired-why = Signiert nicht mehr. Lassen Sie den Eintrag noch eine Woche stehen, für Mail, die noch unterwegs ist; dann verschwindet er aus dieser Liste.
admin-dkim-rotate = Neue Signaturschlüssel
admin-dkim-rotate-text = Neue Schlüssel werden erzeugt, ihre Einträge erscheinen oben. Die bisherigen signieren weiter, bis die neuen Einträge zu sehen sind.
admin-dkim-waiting = Neue Schlüssel warten schon auf ihre Einträge. Veröffentlichen Sie zuerst diese.
admin-dns-host = Adresse dieses Servers
admin-dns-host-why = Der Hostname muss zu einer Adresse führen, die andere Server erreichen.
admin-dns-reverse = Rückwärtsname (PTR)
admin-dns-reverse-why = Die Adresse muss zum Hostnamen zurückführen, sonst weisen viele Server Ihre Mail ab. Das stellt ein, wer Ihnen die Adresse vermietet.
admin-dns-spf = Erlaubte Absender (SPF)
admin-dns-spf-why = Sagt, dass dieser Server für die Domain senden darf. Es darf nur einen solchen Eintrag geben.
admin-dns-dmarc = Umgang mit Fälschungen (DMARC)
admin-dns-dmarc-why = Sagt, was Empfänger mit Mail tun, die die Prüfung nicht besteht, und wohin sie berichten. Beginnen Sie mit p=none.
admin-dns-imaps = Mailprogramme: Lesen (SRV)
admin-dns-imaps-why = Damit finden Mailprogramme IMAP allein durch die Adresse.
admin-dns-submissions = Mailprogramme: Senden (SRV)
admin-dns-submissions-why = Damit finden Mailprogramme den Postausgang allein durch die Adresse.
admin-dns-certificate-why = Mailprogramme und Browser nehmen den Server nur mit einem Zertifikat für seinen Hostnamen an.
admin-dns-certificate-right = OK
admin-dns-certificate-self-signed = Selbst signiert
admin-dns-certificate-name = Für einen anderen Namen

admin-account = Konto
admin-account-new = Konto anlegen
admin-account-add = Konto anlegen
admin-account-added = Konto angelegt
admin-account-another = Noch eines anlegen
admin-account-open = Konto öffnen
admin-account-address-hint = Zugleich der Name zum Anmelden.
admin-account-admin = Administration
admin-account-admin-hint = Darf diese Konsole benutzen.
admin-account-remove = Konto entfernen
admin-account-remove-text = Löscht { $address } mit aller Mail, endgültig. Um die Mail zu behalten, schließen Sie das Konto stattdessen.
admin-account-remove-self = Sie sind mit diesem Konto angemeldet. Jemand anderes mit dieser Rolle kann es entfernen.
admin-confirm-address = Adresse zur Bestätigung eingeben
admin-accounts-none = Noch keine Konten
admin-accounts-none-text = Ein Konto ist ein Postfach mit Adresse und Passwort.
admin-accounts-need-domain = Eine Adresse braucht eine Domain dieses Servers. Fügen Sie zuerst eine hinzu.
admin-accounts-search = Nach Adresse oder Name suchen
admin-someone = jemand
admin-quota = Speicherplatz
admin-quota-default = Wie für die Domain
admin-quota-hint = Zum Beispiel 2G. Leer: wie für die Domain eingestellt.
admin-quota-used = Belegter Anteil des Speicherplatzes
admin-usage = { $used } belegt, ohne Grenze
admin-usage-of = { $used } von { $quota }
admin-state-active = Aktiv
admin-state-suspended = Gesperrt
admin-state-closed = Geschlossen
admin-state-admin = Admin
admin-state-active-long = Aktiv: empfängt, meldet sich an, sendet
admin-state-suspended-long = Gesperrt: empfängt, kann sich aber nicht anmelden oder senden
admin-state-closed-long = Geschlossen: weist Mail ab, behält, was da ist
admin-password-make = Ein starkes Passwort erzeugen
admin-password-type = Ein Passwort eingeben
admin-password-hint = Mindestens 8 Zeichen.
admin-password-reset = Neues Passwort
admin-password-reset-text = Alle Sitzungen des Kontos enden. App-Passwörter bleiben.
admin-password-set = Passwort setzen
admin-password-made = Das neue Passwort
admin-secret-once = Kopieren Sie es jetzt: Es wird nur dieses eine Mal gezeigt und kann später nicht nachgesehen werden.
admin-app-passwords = App-Passwörter
admin-app-passwords-none = Ein eigenes Passwort für jedes Mailprogramm lässt sich zurücknehmen, ohne das des Kontos zu ändern.
admin-app-password-add = Erzeugen
admin-app-password-made = App-Passwort für { $name }
admin-app-password-remove = App-Passwort { $name } entfernen
admin-app-password-remove-sure = Das App-Passwort „{ $name }“ entfernen? Das Programm, das es benutzt, kann sich dann nicht mehr anmelden.
admin-app-name = Wofür es ist
admin-app-name-example = Telefon
admin-traces-of-account = Nachrichten von und an diese Adresse

admin-alias = Alias
admin-alias-new = Alias anlegen
admin-alias-add = Alias anlegen
admin-alias-remove = Alias entfernen
admin-alias-remove-text = Mail an diese Adresse wird dann abgewiesen oder geht an die Auffangadresse.
admin-alias-remove-sure = { $address } entfernen?
admin-aliases-none = Noch keine Aliasse
admin-aliases-none-text = Ein Alias ist eine weitere Adresse, die zu einer oder mehreren anderen führt, etwa info@ oder vertrieb@.
admin-aliases-search = Nach Adresse oder Ziel suchen
admin-targets = Führt zu
admin-targets-hint = Eine Adresse je Zeile; hier oder anderswo.

admin-queue-text = Mail für andere Server, die noch nicht zugestellt ist.
admin-queue-none = Die Warteschlange ist leer
admin-queue-none-text = Mail für andere Server bleibt hier, bis sie zugestellt ist. Im Moment wartet nichts.
admin-queue-state-waiting = Wartet
admin-queue-state-held = Angehalten
admin-queue-state-deferred = Aufgeschoben
admin-queue-entry = Eintrag der Warteschlange
admin-queue-recipient = Empfänger
admin-queue-sender = Absender
admin-queue-original = Gerichtet an
admin-queue-size = Größe
admin-queue-accepted = Angenommen
admin-queue-next = Nächster Versuch
admin-queue-next-held = erst nach der Freigabe
admin-queue-attempts = Versuche
admin-queue-attempts-count = { $count ->
    [0] noch nicht versucht
    [one] { $count } Versuch
   *[other] { $count } Versuche
}
admin-queue-reason = Grund
admin-queue-reason-held = Von der Administration angehalten.
admin-queue-reply = Letzte Antwort
admin-queue-host = Gefragter Server
admin-queue-select = Nachricht an { $recipient } auswählen
admin-queue-select-all = Alle auswählen
admin-queue-selected = Mit den ausgewählten:
admin-queue-retry = Jetzt versuchen
admin-queue-hold = Anhalten
admin-queue-release = Freigeben
admin-queue-drop = Verwerfen
admin-done-queue-bounce = An den Absender zurückgegeben.
admin-done-queue-busy = Wird in diesem Moment zugestellt und blieb daher, wie es ist.
admin-queue-total = { $count } in der Warteschlange
admin-queue-said = { $host } sagte: { $reply }
admin-queue-state-active = In Zustellung
admin-queue-reason-waiting = Wartet auf den ersten Versuch.
admin-queue-state-scheduled = Geplant
admin-queue-reason-scheduled = Wartet auf die Zeit, die der Absender bestimmt hat.
admin-queue-reason-active = Wird in diesem Moment zugestellt.
admin-queue-reason-deferred = Wird noch einmal versucht.
admin-queue-next-now = jetzt
admin-queue-expires = Wird aufgegeben
admin-queue-bounce = Zurück an den Absender
admin-queue-more = Aus der Warteschlange nehmen
admin-queue-more-text = Verwerfen: Niemand erfährt davon. Zurück an den Absender: Er wird benachrichtigt, dass nicht zugestellt wurde.
admin-queue-all = Alle, die zum Filter passen, auch auf anderen Seiten
admin-queue-filter-sender = Absender enthält
admin-queue-filter-domain = Domain des Empfängers
admin-queue-filter = Filtern
admin-queue-first = Zum Anfang
admin-queue-next-page = Weitere Einträge

admin-trace = Schritte einer Nachricht
admin-trace-steps = Schritte
admin-traces-none = Noch ist nichts durchgekommen
admin-traces-none-text = Jede Nachricht hinterlässt hier ihre Schritte: empfangen, zugestellt, gesendet, oder warum nicht.
admin-traces-search = Adresse oder Verlaufsnummer
admin-traces-nothing-found = Keine Nachricht von oder an diese Adresse in der letzten Zeit.
admin-traces-cut = Nur die neuesten Nachrichten werden gezeigt. Suchen Sie nach einer Adresse, um andere zu sehen.
admin-null-sender = Benachrichtigung (ohne Absender)
admin-last-step = Letzter Schritt
admin-step-received = Empfangen
admin-step-received-why = Ein anderer Server hat sie übergeben.
admin-step-submitted = Eingereicht
admin-step-submitted-why = Jemand mit einem Konto hier hat sie gesendet.
admin-step-delivered = Zugestellt
admin-step-delivered-why = Sie liegt im Postfach.
admin-step-queued = Eingereiht
admin-step-queued-why = Sie wartet darauf, an einen anderen Server gesendet zu werden.
admin-step-sent = Gesendet
admin-step-sent-why = Der andere Server hat sie angenommen.
admin-step-deferred = Aufgeschoben
admin-step-deferred-why = Sie konnte noch nicht gesendet werden und wird wieder versucht.
admin-step-bounced = Zurückgewiesen
admin-step-bounced-why = Sie konnte nicht gesendet werden; der Absender wurde benachrichtigt.
admin-step-dropped = Verworfen
admin-step-dropped-why = Sie wurde aus der Warteschlange genommen.
admin-step-refused = Abgewiesen
admin-step-refused-why = Der Filter hat sie nicht angenommen; ihrem Server wurde gesagt, warum.

admin-bans = Ausgesperrt
admin-bans-text = Netze, die zu viel Schaden anrichten, werden eine Weile von den Mail-Ports ausgesperrt: falsche Anmeldungen, Mail an unbekannte Empfänger, Versuche weiterzuleiten. Jeder Eintrag lässt sich zurücknehmen.
admin-bans-none = Niemand ist ausgesperrt
admin-bans-none-text = Hier erscheinen Netze, die zu oft versuchen, was sie nicht dürfen.
admin-bans-network = Netz
admin-bans-since = Seit
admin-bans-until = Bis
admin-bans-hours = Stunden
admin-bans-add = Netz aussperren
admin-bans-remove = Wieder zulassen
admin-bans-remove-what = { $what } wieder zulassen
admin-bans-fault-network = Geben Sie ein Netz wie 192.0.2.0/24 oder eine Adresse an. Diese Maschine und Netze, zu denen fast alle gehören, lassen sich nicht aussperren.
admin-bans-fault-hours = Geben Sie eine Zahl von Stunden von 1 bis 8760 an.
admin-bans-stops = Konten, deren Versand angehalten ist
admin-bans-allow = Senden erlauben
admin-bans-allow-what = { $what } das Senden erlauben
admin-warn-sending-stopped-title = Der Versand eines Kontos wurde angehalten
admin-warn-sending-stopped-text = Es hat mehr gesendet, als ein Konto an einem Tag darf. Sehen Sie nach, was es gesendet hat, setzen Sie ein neues Passwort und erlauben Sie das Senden unter „Ausgesperrt“ wieder.
