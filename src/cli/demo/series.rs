//! What comes by itself: newsletters, receipts, notifications, mailing-list talk, junk.

use super::{
    email::{Email, File},
    files,
    people::{ADMIN, ALICE, BOB, GARDENERS, LIST, Person},
    random::Random,
};

const fn sender(name: &'static str, address: &'static str) -> Person {
    Person { name, address }
}

const WEEKLY: Person = sender("The Potting Shed", "letters@pottingshed.example.com");
const MAGAZINE: Person = sender("Open Ground Magazine", "newsletter@openground.example.org");
const TOOLS: Person = sender("Spade & Fork", "news@spadeandfork.example.com");
const SHOP: Person = sender("Greenhill Supplies", "orders@greenhill.example.com");
const RAIL: Person = sender("North Line Railways", "tickets@northline.example.net");
const COFFEE: Person = sender("Roast & Co.", "receipts@roast.example.com");
const WEATHER: Person = sender("Frost Watch", "alerts@frostwatch.example.net");
const BUILD: Person = sender("Plan Room", "notifications@planroom.example.com");
const BACKUP: Person = sender("Backup at Hazel Lane", "backup@nas.example.net");
const COUNCIL: Person = sender("Eastgate Planning Portal", "no-reply@planning.example.org");
const CALENDAR: Person = sender("Plan Room Calendar", "calendar@planroom.example.com");

/// Opening lines, each with the paragraph it leads to.
const ARTICLES: &[(&str, &str)] = &[
    (
        "Water deeply, then leave it alone",
        "A can of water every evening makes shallow roots and thirsty plants. One long soak a week sends the roots down to where the soil stays cool. Push a finger into the bed: if the second joint feels damp, put the can away.",
    ),
    (
        "The case for the untidy corner",
        "Leave a square metre to itself. By July there will be nettles, by August caterpillars, and by the year after the tits will have found both. It is the cheapest bird feeder you will ever own.",
    ),
    (
        "Sharpen it on Sunday",
        "A blunt hoe makes work, a sharp one makes edges. Ten strokes with a flat file, always away from you, along the bevel that is already there. Wipe it with an oily rag and it will stay good for a month.",
    ),
    (
        "What your neighbour's moss knows",
        "Moss on the path means shade and damp, and no amount of scraping changes either. Plant ferns where the moss is happiest. You will stop fighting, and the path will look as if somebody had meant it.",
    ),
    (
        "Twelve grasses that stand through winter",
        "Cut nothing down in autumn. The seed heads feed the finches, the stems keep the frost from the crown, and on the first white morning you will see what you would have thrown away.",
    ),
    (
        "Compost without the fuss",
        "Brown and green, about half and half; something coarse at the bottom; a lid against the rain. Turn it when you feel like turning something. It will be ready when it smells of woodland.",
    ),
    (
        "A pond in a washing-up bowl",
        "It needs to be no bigger than that. A few stones so that the hedgehog can climb out, one pot of water mint, and rain instead of tap water. The first water beetle arrives within the week, and nobody knows how.",
    ),
    (
        "Roses on a north wall",
        "People say it can't be done. 'New Dawn' and 'Madame Alfred' have not heard of that. Give them a deep hole, a mulch of leaf mould, and a wire to hold on to; in the third summer you will have to cut them back from the gutter.",
    ),
    (
        "The frost that comes in May",
        "Keep the fleece where you can find it in the dark. A clear sky at ten, no wind, and four degrees on the thermometer: cover the beans, bring in the basil, go to bed.",
    ),
    (
        "Seeds worth keeping",
        "Beans, peas, tomatoes and lettuce come true from your own seed. Let the best plant run up, not the last one. Dry it on paper for two weeks, then into an envelope with the year on it.",
    ),
];

const DIGESTS: &[&str] = &[
    "This week: rain at last, and what to do with it",
    "Five things to plant before the month is out",
    "Our readers' gardens: the long thin one",
    "The spring sale begins on Thursday",
    "New in the shop: tools you hand down",
    "How the old nursery was saved",
    "A visit to the garden on the roof",
    "The longest border in the county",
];

/// What the series share: the cast, the clock, the dice.
pub(crate) struct Series<'a> {
    pub(crate) random: &'a mut Random,
    /// The newest moment of the demo, milliseconds since 1970.
    pub(crate) until: i64,
}

const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;

impl Series<'_> {
    fn at(&mut self, days_ago: i64) -> i64 {
        let minutes = i64::try_from(self.random.below(14 * 60)).unwrap_or(0);
        self.until - days_ago * DAY - minutes * MINUTE
    }

    /// An HTML newsletter, as newsletters are: a table, a picture, a button, a tracking pixel, a way out.
    pub(crate) fn newsletter(&mut self, number: i64) -> Email {
        let from = *self.random.pick(&[WEEKLY, MAGAZINE, TOOLS]);
        let at = self.at(number * 3);
        let (headline, lead) = *self.random.pick(ARTICLES);
        let (second, second_text) = *self.random.pick(ARTICLES);
        let subject =
            if self.random.chance(50) { headline.to_owned() } else { (*self.random.pick(DIGESTS)).to_owned() };
        let host = from.address.split('@').nth(1).unwrap_or("example.com");
        let text = format!(
            "{headline}\n\n{lead}\n\n{second}\n\n{second_text}\n\n--\n{} - read online: https://{host}/letters/{number}\nNo more letters: https://{host}/unsubscribe/{number}\n",
            from.name
        );
        let html = newsletter_html(from.name, host, number, (headline, lead), (second, second_text));
        let mut email = Email::new(from, &[ALICE], subject, at, text);
        email.html = Some(html);
        email
            .files
            .push(File { inline: Some("header-picture"), ..files::plan_png("header.png", number.unsigned_abs() * 7) });
        email.headers.push(("List-Unsubscribe", format!("<https://{host}/unsubscribe/{number}>")));
        email.headers.push(("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".into()));
        email.headers.push(("Precedence", "bulk".into()));
        email
    }

    /// A receipt with a total that is the sum of its lines.
    pub(crate) fn receipt(&mut self, number: i64) -> Email {
        const GOODS: &[(&str, u64)] = &[
            ("Bark mulch, 60 l", 795),
            ("Secateurs, left-handed", 3450),
            ("Jute twine, 250 m", 620),
            ("Wildflower seed, 500 g", 1890),
            ("Watering can, 9 l, zinc", 4200),
            ("Bamboo canes, 25", 1175),
            ("Leaf mould, 40 l", 880),
            ("Label stakes, slate, 20", 1450),
        ];
        let at = self.at(number * 6 + 1);
        let order = 48_200 + self.random.below(900);
        let lines: Vec<(&str, u64, u64)> = (0..=self.random.below(3))
            .map(|_| (*self.random.pick(GOODS), 1 + self.random.below(4)))
            .map(|((name, price), count)| (name, count, price))
            .collect();
        let total: u64 = lines.iter().map(|(_, count, price)| count * price).sum();
        let money = |cents: u64| format!("{}.{:02}", cents / 100, cents % 100);
        let rows: String = lines
            .iter()
            .map(|(name, count, price)| format!("{count} x {name:<28} {:>9}\n", money(count * price)))
            .collect();
        let cells: String = lines
            .iter()
            .map(|(name, count, price)| {
                format!("<tr><td>{count}</td><td>{name}</td><td align=\"right\">{}</td></tr>", money(count * price))
            })
            .collect();
        let text = format!(
            "Thank you for your order {order}.\n\n{rows}{:<32} {:>9}\n\nWe deliver within three days to Hazel Lane 14.\n\nGreenhill Supplies\n",
            "Total EUR",
            money(total)
        );
        let html = format!(
            "<html><body style=\"font-family:Helvetica,Arial,sans-serif;color:#222\"><h2 style=\"color:#2d6a4f\">Thank you for your order {order}</h2>\
             <table cellpadding=\"6\" style=\"border-collapse:collapse\"><tr style=\"background:#e9f1ec\"><th>Qty</th><th align=\"left\">Item</th><th>EUR</th></tr>{cells}\
             <tr><td></td><td><b>Total</b></td><td align=\"right\"><b>{}</b></td></tr></table><p>We deliver within three days to Hazel Lane 14.</p></body></html>",
            money(total)
        );
        let mut email = Email::new(SHOP, &[ALICE], format!("Your order {order} at Greenhill Supplies"), at, text);
        email.html = Some(html);
        email.files.push(files::pdf(
            "invoice.pdf",
            &[
                &format!("Invoice for order {order}"),
                "",
                &rows.replace('\n', "; "),
                &format!("Total EUR {}", money(total)),
            ],
        ));
        email
    }

    /// A short notice from a machine.
    pub(crate) fn notice(&mut self, number: i64) -> Email {
        let at = self.at(number * 2);
        let count = 2 + self.random.below(30);
        let (from, to, subject, text) = match self.random.below(6) {
            0 => (WEATHER, ALICE, "Frost tonight: -2 degrees expected".to_owned(), "Clear sky, no wind. The lowest temperature is expected at 05:00.\n\nCover what you would miss.\n\nFrost Watch, station Eastgate".to_owned()),
            1 => (BUILD, ALICE, format!("[Canal Street] Bob Marten left {count} comments on sheet 4"), format!("Bob Marten wrote {count} comments on \"Sheet 4: drainage\".\n\nLatest: \"The gully is 20 cm off, see photo.\"\n\nOpen the sheet: https://planroom.example.com/sheets/4\n")),
            2 => (BACKUP, ADMIN, "Backup finished without errors".to_owned(), format!("Started 02:00, finished 02:{count:02}.\nFiles changed: {}\nFree space: 61 %\n", count * 37)),
            3 => (COUNCIL, ALICE, format!("Application 26/{:05}/FUL: status changed", 400 + count), "The status of your application has changed from \"Received\" to \"Under consultation\".\n\nNeighbours may comment for 21 days. You don't need to do anything.\n".to_owned()),
            4 => (RAIL, BOB, format!("Your ticket to Northgate, coach {}", 1 + count % 9), "Departure 07:42, platform 3. Arrival 09:15.\n\nPlease keep this message; the code at the gate is in your app.\n\nNorth Line Railways".to_owned()),
            _ => (COFFEE, BOB, "Your receipt from Roast & Co.".to_owned(), "2 flat white 7.20\n1 cinnamon bun 3.10\nTotal 10.30\n\nSee you tomorrow!\n".to_owned()),
        };
        let mut email = Email::new(from, &[to], subject, at, text);
        email.headers.push(("Auto-Submitted", "auto-generated".into()));
        email
    }

    /// An invitation with its calendar entry.
    pub(crate) fn invitation(&mut self, number: i64) -> Email {
        const MEETINGS: &[(&str, &str)] = &[
            ("Site visit Canal Street", "Canal Street 40, gate"),
            ("Board meeting: roof garden", "Eastgate Library, room 2"),
            ("Planting day at Mill Pond", "Weir bridge"),
            ("Review of the tender", "Hazel Lane 14"),
        ];
        let sent = self.at(number * 11 + 1);
        let (title, place) = *self.random.pick(MEETINGS);
        let begins = (sent + (5 + number) * DAY) / (60 * MINUTE) * 60 * MINUTE;
        let uid = format!("meeting-{number}@planroom.example.com");
        let calendar =
            files::invitation(&uid, title, place, CALENDAR.address, &[ALICE.address, BOB.address], begins, sent);
        let mut email = Email::new(
            CALENDAR,
            &[ALICE, BOB],
            format!("Invitation: {title}"),
            sent,
            format!(
                "You are invited to \"{title}\".\n\nWhere: {place}\nThe time is in the calendar entry of this message.\n"
            ),
        );
        email.files.push(File {
            name: "invite.ics",
            media_type: "application/ics",
            bytes: calendar.clone().into_bytes(),
            inline: None,
        });
        email.calendar = Some((calendar, "REQUEST"));
        email
    }

    /// A conversation on the Garden Talk list: its messages in order, each an answer to one before it.
    pub(crate) fn list_thread(&mut self, number: usize) -> Vec<Email> {
        let (topic, opening, replies) = LIST_TOPICS[number % LIST_TOPICS.len()];
        let mut at = self.at(4 + i64::try_from(number).unwrap_or(0) * 13);
        let length = 6 + self.random.below(9);
        let mut emails: Vec<Email> = Vec::new();
        for index in 0..length {
            let from = *self.random.pick(&GARDENERS);
            let parent = index
                .checked_sub(1 + self.random.below(2.min(index.max(1))))
                .and_then(|parent| emails.get(usize::try_from(parent).unwrap_or(0)));
            let (subject, text) = match parent {
                None => (format!("[Garden Talk] {topic}"), opening.to_owned()),
                Some(parent) => {
                    let quoted: String = parent
                        .text
                        .lines()
                        .take_while(|line| !line.starts_with("-- "))
                        .filter(|line| !line.starts_with('>') && !line.is_empty())
                        .take(3)
                        .map(|line| format!("> {line}\n"))
                        .collect();
                    let reply = replies[usize::try_from(index).unwrap_or(0) % replies.len()];
                    (
                        format!("Re: [Garden Talk] {topic}"),
                        format!(
                            "{} wrote:\n{quoted}\n{reply}\n\n{}",
                            parent.from.name,
                            from.name.split(' ').next().unwrap_or("")
                        ),
                    )
                }
            };
            let mut email = Email::new(
                from,
                &[LIST],
                subject,
                at,
                format!("{text}\n-- \nGarden Talk: to leave the list, write to garden-talk-leave@lists.example.org\n"),
            );
            if let Some(parent) = parent {
                email.references = parent.references.iter().cloned().chain([parent.id.clone()]).collect();
            }
            email.id = format!("{}.{number}.{index}@lists.example.org", 7_300_000 + number * 977);
            email.headers.push(("List-Id", "Garden Talk <garden-talk.lists.example.org>".into()));
            email.headers.push(("List-Post", "<mailto:garden-talk@lists.example.org>".into()));
            email.headers.push(("Precedence", "list".into()));
            at += (20 + i64::try_from(self.random.below(900)).unwrap_or(0)) * MINUTE;
            emails.push(email);
        }
        emails.retain(|email| email.at <= self.until);
        emails
    }

    /// What the junk folder is for.
    pub(crate) fn junk(&mut self, number: i64) -> Email {
        const OFFERS: &[(&str, &str)] = &[
            (
                "Re: Re: your parcel could not be delivered",
                "Dear customer, your parcel waits. Pay the fee of 1.95 within 24 hours or it will be returned: https://parcel.example.net/pay",
            ),
            (
                "LAST CHANCE garden furniture -90%",
                "Only today and only for you: teak set of seven pieces, ninety percent off. Stock is vanishing while you read this.",
            ),
            (
                "Your mailbox is almost full!!",
                "Confirm your password to get 50 GB for free: https://mailbox.example.net/upgrade",
            ),
            ("We buy your invoices", "Get your money tomorrow. No questions, small fee."),
        ];
        let at = self.at(number * 4 + 1);
        let (subject, text) = *self.random.pick(OFFERS);
        Email::new(sender("Customer Service", "service@deals.example.net"), &[ALICE], subject, at, text)
    }
}

fn newsletter_html(name: &str, host: &str, number: i64, first: (&str, &str), second: (&str, &str)) -> String {
    format!(
        "<!DOCTYPE html><html><head><title>{name}</title><style>a {{ color: #2d6a4f }}</style></head>\
         <body style=\"margin:0;background-color:#eef2ec\"><table width=\"100%\" cellpadding=\"0\" cellspacing=\"0\"><tr><td align=\"center\">\
         <table width=\"600\" cellpadding=\"24\" style=\"background-color:#ffffff;font-family:Georgia,serif;color:#26302b\">\
         <tr><td style=\"background-color:#2d6a4f;color:#ffffff;font-size:26px\">{name}</td></tr>\
         <tr><td><img src=\"cid:header-picture\" width=\"552\" alt=\"A garden plan\"></td></tr>\
         <tr><td><h1 style=\"font-size:24px;margin:0 0 12px 0\">{}</h1><p style=\"font-size:16px;line-height:1.6\">{}</p>\
         <p><a href=\"https://{host}/letters/{number}\" style=\"background-color:#2d6a4f;color:#ffffff;padding:10px 18px;text-decoration:none\">Read on</a></p></td></tr>\
         <tr><td style=\"border-top:1px solid #dde5df\"><h2 style=\"font-size:20px\">{}</h2><p style=\"font-size:16px;line-height:1.6\">{}</p></td></tr>\
         <tr><td style=\"font-size:12px;color:#6b756f\">You get this letter because you asked for it. <a href=\"https://{host}/unsubscribe/{number}\">No more letters</a>\
         <img src=\"https://track.{host}/open/{number}.gif\" width=\"1\" height=\"1\" alt=\"\"></td></tr>\
         </table></td></tr></table></body></html>",
        first.0, first.1, second.0, second.1
    )
}

/// Topic, opening message, answers.
type Topic = (&'static str, &'static str, &'static [&'static str]);

const LIST_TOPICS: &[Topic] = &[
    (
        "Slugs: has anything ever worked?",
        "Dear all,\n\nthey have had the whole of the lettuce and are now looking at me. Beer, coffee, copper tape, all tried. What do you do, apart from weeping?",
        &[
            "Ducks. Two of them. You lose a little lettuce and gain a lot of eggs.",
            "Water in the morning, not in the evening. That alone halved ours.",
            "A torch, a bucket and half an hour at ten at night. It is oddly restful.",
            "Plant twice as many and call it generosity.",
            "The copper tape works only if no leaf hangs over it. Ask me how I know.",
            "Toads. Put up a stone and a saucer of water and they move in by themselves.",
        ],
    ),
    (
        "Pruning an apple tree that nobody has touched for 20 years",
        "Good evening,\n\nwe have taken over a garden with an enormous old apple tree. It fruits every other year, on the outside only. How much can I take out at once without killing it?",
        &[
            "Never more than a quarter in a winter. Start with what is dead, then what crosses.",
            "Summer pruning! Winter cuts make water shoots, and then you have a broom.",
            "Leave one branch as it is for the owls, they don't mind the shape.",
            "Find out the variety first. Take three apples to a show in October.",
            "I did half in one go. It sulked for two years, then forgave me.",
        ],
    ),
    (
        "Peat-free compost: which one this year?",
        "Last year's bag was mostly bark and one shoe. Has somebody found a peat-free compost in which seedlings grow?",
        &[
            "Sieve it. Whatever brand. What stays in the sieve goes under the hedge.",
            "Mine is leaf mould, two years old, and a third of sharp sand. It costs patience only.",
            "The one with wool in it holds water very well, but the robins steal it.",
            "Feed after three weeks, peat-free has less in store. Then it is as good as the old stuff.",
            "A shoe! We had a spoon.",
        ],
    ),
    (
        "Rainwater tank: how large?",
        "We have 80 square metres of roof and 200 of garden. The shop says 1,000 litres, my neighbour says 5,000, my wife says no. Experiences?",
        &[
            "Whatever you choose, it is empty in the third dry week. We have 3,000 and would take 3,000 again.",
            "Think about the overflow before you think about the tank.",
            "Two of 1,000 in a row are cheaper than one of 2,000, and fit through the gate.",
            "Your wife is right that it is ugly. Plant a hop on it.",
            "Put it as high as you can, then you need no pump.",
        ],
    ),
    (
        "Seed swap in April: who brings what?",
        "The swap is on the second Saturday in April, in the hall, from ten. Please answer here with what you bring so that we don't end up with forty packets of courgettes again.",
        &[
            "Beans: 'Blauhilde' and a nameless one from my aunt.",
            "Tomatoes, eleven kinds, and no courgettes, I promise.",
            "I bring courgettes. Somebody has to.",
            "Foxglove, white. And cake.",
            "Sweet peas, collected in September, as old-fashioned as they come.",
        ],
    ),
    (
        "Blackbird in the letter box",
        "This is not strictly gardening. A blackbird has begun to build in our letter box. The post has been told. Does anyone know how long we'll have to fetch our mail from next door?",
        &[
            "About five weeks if all goes well. Then she may start again in the same place.",
            "Hang up a second box beside it and write POST on it. Worked for us with tits.",
            "You are honoured. Ours nest in the bicycle helmet.",
            "Please keep us informed! This is the best thread of the year.",
        ],
    ),
];

/// A short status mail between the two of the studio, so that both inboxes have daily life in them.
pub(crate) fn daily(random: &mut Random, until: i64, number: i64) -> Email {
    const NOTES: &[(&str, &str)] = &[
        (
            "Keys for the site",
            "The keys for Canal Street are in the blue tin. The gate sticks, lift it a little while you turn.\n\n",
        ),
        (
            "Deliveries this week",
            "Tuesday: gravel, 6 t, before eight. Wednesday: the maples, please be there, they must not stand in the sun. Friday: nothing, hooray.\n\n",
        ),
        (
            "Site report",
            "Everybody there, dry, 14 degrees. Paving done up to the second drain. One slab broken, replacement ordered. Nobody fell into the pond.\n\n",
        ),
        (
            "Phone call while you were out",
            "A Mr Lindgren rang about the hedge. He will ring again, and he will not say what it is about. He sounded like a hedge himself.\n\n",
        ),
        (
            "Hours for March",
            "I have 148, you have 151, together that is exactly what we calculated. I am frightened.\n\n",
        ),
        ("Printer", "It works again. It was the tray. It is always the tray.\n\n"),
        (
            "Draft of the text for the web page",
            "I have cut it by half. \"We make gardens for people who do not have time for one.\" Too much?\n\n",
        ),
        (
            "Tree register",
            "The town wants the girth of every tree over 60 cm, at one metre height. I've measured 31, ten remain on the west side.\n\n",
        ),
    ];
    let from_bob = random.chance(65);
    let (from, to) = if from_bob { (BOB, ALICE) } else { (ALICE, BOB) };
    let minutes = i64::try_from(random.below(9 * 60)).unwrap_or(0);
    let at = until - (number * 5 + 1) * DAY / 2 - minutes * MINUTE;
    let (subject, text) = *random.pick(NOTES);
    Email::new(from, &[to], subject, at, format!("{text}{}", from.name.split(' ').next().unwrap_or("")))
}
