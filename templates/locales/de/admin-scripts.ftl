admin-script = Mailfilter
admin-script-active = Das Sieve-Skript { $name } ist aktiv.
admin-script-hint = Wenn es schadet, schalten Sie es aus: Es bleibt erhalten, und alle E-Mails kommen in den Posteingang.
admin-script-off = Filter ausschalten
admin-done-script-off = Es läuft kein Filterskript mehr.
