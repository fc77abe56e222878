//! Conversations of the studio, written by hand: who wrote what, and how long after the message before.

use super::{
    email::{Charset, File},
    files,
    people::{ALICE, AMARA, BOB, CLARA, DMITRI, HELOISE, JONAS, MUM, PRIYA, Person, TOM, YUKI},
};

/// A message of a conversation.
pub(crate) struct Turn {
    pub(crate) from: Person,
    /// Minutes after the message before.
    pub(crate) after: i64,
    pub(crate) text: &'static str,
    pub(crate) file: Option<fn() -> File>,
}

/// A conversation.
pub(crate) struct Story {
    pub(crate) subject: &'static str,
    pub(crate) people: &'static [Person],
    /// Days before the newest message of the demo at which it begins.
    pub(crate) days_ago: i64,
    pub(crate) charset: Charset,
    /// Folder into which people file it; the inbox when empty.
    pub(crate) folder: &'static str,
    pub(crate) turns: &'static [Turn],
}

const fn say(from: Person, after: i64, text: &'static str) -> Turn {
    Turn { from, after, text, file: None }
}
const fn send(from: Person, after: i64, text: &'static str, file: fn() -> File) -> Turn {
    Turn { from, after, text, file: Some(file) }
}

const HOUR: i64 = 60;
const DAY: i64 = 24 * HOUR;

fn courtyard_plan() -> File {
    files::plan_png("canal-street-plan-v3.png", 12)
}
fn roof_plan() -> File {
    files::plan_png("library-roof-sketch.png", 40)
}
fn pond_plan() -> File {
    files::plan_png("mill-pond-path.png", 27)
}
fn planting_list() -> File {
    files::planting_csv("planting-list.csv")
}
fn offer() -> File {
    files::pdf(
        "offer-library-roof.pdf",
        &[
            "Offer: roof garden, Eastgate Library",
            "",
            "1. Survey and load statement         1,450.00",
            "2. Design, two rounds of changes     4,800.00",
            "3. Planting list and tender          1,900.00",
            "4. Supervision, 12 visits            3,600.00",
            "",
            "Total without VAT                   11,750.00",
            "Valid for six weeks. Hazel Lane Studio",
        ],
    )
}
fn survey() -> File {
    files::zip(
        "mill-pond-survey.zip",
        &[
            (
                "survey/levels.txt",
                "point;east;north;height\n1;412.10;88.42;31.207\n2;418.55;90.13;31.180\n3;425.02;93.77;31.022\n",
            ),
            ("survey/readme.txt", "Heights above datum, taken with the level from the bench mark on the bridge.\n"),
        ],
    )
}
fn lease() -> File {
    files::pdf(
        "lease-extension.pdf",
        &[
            "Extension of the lease",
            "",
            "Workshop at 14 Hazel Lane, ground floor.",
            "The term is extended by three years at the present rent.",
            "Heating costs are settled once a year.",
        ],
    )
}

/// All conversations.
pub(crate) const STORIES: &[Story] = &[
    Story {
        subject: "Canal Street courtyard: third version of the plan",
        people: &[ALICE, BOB, CLARA],
        days_ago: 2,
        charset: Charset::Utf8,
        folder: "",
        turns: &[
            send(
                CLARA,
                0,
                "Hello both,\n\nthe residents met last night. They like the bench around the maple, and they want the bicycle stands away from the bedroom windows. Could they go beside the gate? I have drawn it into your plan, please forgive my pencil.\n\nThe housing association signs on the 12th, so I would need the final version a week before.\n\nKind regards\nClara",
                courtyard_plan,
            ),
            say(
                BOB,
                95,
                "Hi Clara,\n\nbeside the gate works. We lose one of the two hedge pieces there, but nobody will miss it. I'd turn the stands by 45 degrees so that the bin lorry can still get in.\n\nAlice, can you check the turning circle? I have the lorry at 7.5 m in my notes.\n\nBob",
            ),
            say(
                ALICE,
                140,
                "7.5 m is right, and it fits with 40 cm to spare. I've moved the drain as well, it was under the second stand.\n\nClara, you'll have the clean version on Thursday. Shall I add the lighting while I am at it? Three bollards would do.\n\nAlice",
            ),
            say(
                CLARA,
                17 * HOUR,
                "Yes please, lighting too. But nothing that shines into the ground floor, they were very clear about that.\n\nThursday is perfect.\n\nClara",
            ),
            say(
                BOB,
                3 * HOUR,
                "I have bollards with a cut-off in the catalogue from the school project, 3000 K, light only downwards. Putting them in.\n\nAlice: do we bill the lighting under item 2 or as an extra? I'd say extra.",
            ),
        ],
    },
    Story {
        subject: "Offer for the roof garden",
        people: &[ALICE, PRIYA],
        days_ago: 9,
        charset: Charset::Utf8,
        folder: "Projects/Library roof",
        turns: &[
            say(
                PRIYA,
                0,
                "Dear Ms Winter,\n\nthe library board would like an offer for the roof garden we talked about in March: design, planting list, tender and supervision. The structural engineer says 350 kg per square metre, wet, and not one gram more.\n\nCould we have it by the end of next week? The board sits on the Monday after.\n\nBest wishes\nPriya Nair\nEastgate Library",
            ),
            send(
                ALICE,
                2 * DAY,
                "Dear Ms Nair,\n\nhere is our offer. I have split it so that the board can stop after the design if money gets short. The load statement in item 1 is the thing to order first: everything else hangs on it.\n\nFor 350 kg we can have sedum, grasses and herbs in 12 cm of substrate, and four small trees where the columns are.\n\nKind regards\nAlice Winter",
                offer,
            ),
            say(
                PRIYA,
                DAY + 4 * HOUR,
                "Thank you, that is very clear. One question from our treasurer: are twelve visits really needed? And one from the children's section: can there be strawberries?\n\nPriya",
            ),
            say(
                ALICE,
                55,
                "Twelve because the roof is only reachable by crane and each delivery needs someone there. If the deliveries can be put together, eight will do; I'd then bill eight.\n\nStrawberries: yes. Alpine ones, they need 10 cm and no pampering.\n\nAlice",
            ),
            send(
                PRIYA,
                2 * DAY,
                "The board said yes to items 1 and 2 without discussion, and to strawberries with applause. I attach a sketch that one of our young readers made. The purple thing is a dragon.\n\nThe order follows by post.\n\nPriya",
                roof_plan,
            ),
        ],
    },
    Story {
        subject: "Lunch on Friday?",
        people: &[ALICE, BOB],
        days_ago: 1,
        charset: Charset::Utf8,
        folder: "",
        turns: &[
            say(
                BOB,
                0,
                "The noodle place on Mill Road has opened again. Friday, half past twelve? My treat, you did all of the tender last week.\n\nB.",
            ),
            say(
                ALICE,
                25,
                "Yes! But I have the call with Jonas at one, so let's make it noon. Do they still have the dumplings? 🥟",
            ),
            say(BOB, 12, "They do. Noon it is. I'll ask for the table by the window."),
        ],
    },
    Story {
        subject: "Mill Pond path: levels and the old survey",
        people: &[ALICE, BOB, JONAS],
        days_ago: 23,
        charset: Charset::Utf8,
        folder: "Projects/Mill Pond",
        turns: &[
            send(
                JONAS,
                0,
                "Hello,\n\nthe town has found the survey of 2019 in the cellar and has scanned it. The points are in the archive. They measured from the bench mark on the bridge, which was lifted by four centimetres in 2021, so please take that off.\n\nJonas Weber\nSurveying",
                survey,
            ),
            say(
                BOB,
                3 * HOUR,
                "Thanks Jonas. With four centimetres less the path floods at the weir every spring, doesn't it? Our lowest point is 31.02 and the pond stood at 31.05 in April.",
            ),
            say(
                JONAS,
                50,
                "It does. It always has, people wear boots. But if you want it dry you need about 30 m of boardwalk there, or fill, and fill in the flood zone needs a permit from the water authority that you won't get this year.\n\nJonas",
            ),
            send(
                ALICE,
                DAY,
                "Boardwalk then, larch, 1.6 m wide so that two prams can pass. I've drawn it from point 2 to point 7. Bob, could you see what that does to the budget? My guess is plus nine thousand.",
                pond_plan,
            ),
            say(
                BOB,
                5 * HOUR,
                "Plus 8,400 with larch, plus 6,900 with local oak from the council's own wood, if they let us have it. I asked the forester, he is thinking about it.\n\nWe would save the drainage on that part (1,200).",
            ),
            say(
                ALICE,
                2 * HOUR,
                "Oak from the council's wood is the better story as well. Let's put both into the report and recommend the oak.",
            ),
            say(
                JONAS,
                2 * DAY,
                "For the file: I have staked out the boardwalk this morning, yellow pegs. Point 5 is under a swan at present. I did not discuss it with the swan.\n\nJonas",
            ),
        ],
    },
    Story {
        subject: "Planting list for bed B",
        people: &[ALICE, HELOISE],
        days_ago: 34,
        charset: Charset::Latin1,
        folder: "",
        turns: &[
            send(
                HELOISE,
                0,
                "Chère Alice,\n\nvoilà la liste révisée. J'ai remplacé la moitié des géraniums par des sauges, elles supportent mieux la sécheresse. Les graminées arrivent à la pépinière début mai.\n\nLe prix total reste le même, à 40 euros près.\n\nAmitiés\nHéloïse",
                planting_list,
            ),
            say(
                ALICE,
                4 * HOUR,
                "Chère Héloïse,\n\nmerci ! Les sauges, très bien. Pour les graminées, peut-on avoir 'Transparent' et non 'Karl Foerster' ? La cour est étroite et je voudrais que la lumière passe à travers.\n\nÀ bientôt\nAlice",
            ),
            say(
                HELOISE,
                DAY,
                "Bien sûr, c'est noté : 24 pièces 'Transparent'. Je les mets de côté dès aujourd'hui, l'an dernier tout était parti en une semaine.\n\nHéloïse",
            ),
        ],
    },
    Story {
        subject: "Заказ на черенки яблони",
        people: &[ALICE, DMITRI],
        days_ago: 41,
        charset: Charset::Windows1251,
        folder: "",
        turns: &[
            say(
                DMITRI,
                0,
                "Здравствуйте, Алиса!\n\nЧеренки антоновки и белого налива готовы, хранятся в холодильнике при +2. Могу отправить в понедельник, посылка идёт три дня. Прививать лучше до конца апреля.\n\nВсего двенадцать черенков, сумма прежняя.\n\nС уважением,\nДмитрий Волков",
            ),
            say(
                ALICE,
                6 * HOUR,
                "Здравствуйте, Дмитрий!\n\nПонедельник отлично подходит, спасибо. Адрес тот же: Hazel Lane 14. Если получится, положите, пожалуйста, записку, какой сорт где: в прошлый раз мы гадали всё лето.\n\nАлиса",
            ),
        ],
    },
    Story {
        subject: "庭園の写真について",
        people: &[ALICE, YUKI],
        days_ago: 18,
        charset: Charset::Iso2022Jp,
        folder: "",
        turns: &[
            say(
                YUKI,
                0,
                "ウィンター様\n\nお世話になっております。先月お送りいただいた中庭の写真を、雑誌の六月号に掲載したいと思っております。二枚目の楓の写真が特に編集部で好評でした。\n\n掲載の許可と、撮影者のお名前を教えていただけますでしょうか。締め切りは来週の金曜日です。\n\nよろしくお願いいたします。\n田中 由紀",
            ),
            say(
                ALICE,
                9 * HOUR,
                "田中様\n\nご連絡ありがとうございます。掲載はもちろん大丈夫です。撮影者は同僚のBob Martenです。\n\n六月号を楽しみにしております。\n\nAlice Winter",
            ),
        ],
    },
    Story {
        subject: "Sunday, and the seed potatoes",
        people: &[ALICE, MUM],
        days_ago: 4,
        charset: Charset::Utf8,
        folder: "",
        turns: &[
            say(
                MUM,
                0,
                "Dear Alice,\n\nyour father has ordered twenty kilos of seed potatoes again. Twenty! For two people and a dog. Please take half of them on Sunday before he digs up the lawn.\n\nCome at twelve, there is rhubarb cake.\n\nLove, Mum\n\nPS: the computer says that my storage is full. Is that the potatoes too?",
            ),
            say(
                ALICE,
                3 * HOUR,
                "Dear Mum,\n\nI'll take five kilos for the studio's yard, and Bob wants five. Tell Dad that the lawn is under my protection.\n\nThe storage is the four hundred pictures of the dog, not the potatoes. I'll look at it on Sunday.\n\nLove, Alice",
            ),
            say(MUM, 40, "Four hundred and twelve. He is a very good dog.\n\nMum"),
        ],
    },
    Story {
        subject: "Workshop lease: extension",
        people: &[ALICE, BOB, TOM],
        days_ago: 52,
        charset: Charset::Utf8,
        folder: "Studio",
        turns: &[
            send(
                TOM,
                0,
                "Dear tenants,\n\nyour lease of the workshop ends on 31 August. I would be glad to keep you; the draft of an extension by three years is attached, rent unchanged. The roof over the back room will be done in July.\n\nLet me know by the end of the month.\n\nTom Hughes",
                lease,
            ),
            say(
                ALICE,
                DAY,
                "Bob, three years at the same rent: I would sign today. Anything that you want to ask for while he is in a good mood?",
            ),
            say(BOB, 2 * HOUR, "A tap in the yard. And a lock on the gate that locks. Otherwise yes, gladly."),
            say(
                ALICE,
                20,
                "Dear Tom,\n\nthank you, we would like to stay. Two small wishes: a tap in the yard (we'd pay for the pipe) and a new lock for the gate. If both can be written in, we sign.\n\nAlice and Bob",
            ),
            say(
                TOM,
                3 * DAY,
                "Both are fine. I put the tap down under 'improvements by the landlord', so the pipe is on me. Come by on Tuesday and bring a pen.\n\nTom",
            ),
        ],
    },
    Story {
        subject: "Talk at the allotment society",
        people: &[BOB, AMARA, ALICE],
        days_ago: 12,
        charset: Charset::Utf8,
        folder: "",
        turns: &[
            say(
                AMARA,
                0,
                "Dear Bob, dear Alice,\n\nwould one of you speak at our spring meeting? Forty minutes on gardens that need little water, then questions. We are about sixty people, half of whom know everything already and the other half have just been given a plot and are frightened of it.\n\nSaturday in three weeks, 15:00, there's tea.\n\nAmara Okafor",
            ),
            say(
                BOB,
                7 * HOUR,
                "Dear Amara,\n\ngladly! I'd bring pictures from before and after the dry summer: the same bed in both years. It cures people of lawns.\n\nIs there a projector, or should I bring ours?\n\nBob",
            ),
            say(
                AMARA,
                90,
                "There is a projector, and there is a man called Gerald who will not let anyone else touch it. You'll get on.\n\nAmara",
            ),
            say(ALICE, 2 * HOUR, "I'll come along and sit with the frightened half.\n\nAlice"),
        ],
    },
    Story {
        subject: "Invoice 2026-031: a question",
        people: &[ALICE, AMARA],
        days_ago: 27,
        charset: Charset::Utf8,
        folder: "Studio",
        turns: &[
            say(
                AMARA,
                0,
                "Dear Alice,\n\non invoice 2026-031 there are 14 bags of mulch, but we counted 12. Gerald counted twice. Could you look into it?\n\nAmara",
            ),
            say(
                ALICE,
                65,
                "Dear Amara,\n\nGerald is right: two bags went to the school on the same lorry. Corrected invoice comes tomorrow. Sorry!\n\nAlice",
            ),
            say(AMARA, 15, "He will be unbearable for a week. Thank you.\n\nAmara"),
        ],
    },
    Story {
        subject: "Photos for the competition",
        people: &[BOB, ALICE],
        days_ago: 6,
        charset: Charset::Utf8,
        folder: "",
        turns: &[
            say(
                BOB,
                0,
                "I've put together the twelve pictures for the 'Small Spaces' competition. My favourite is still the one with the cat on the wall, although the cat isn't ours, nor is it landscape architecture.\n\nText is due on the 20th. Will you write it? 200 words, nothing about 'dialogue between inside and outside', please. 🐈",
            ),
            say(
                ALICE,
                26 * HOUR,
                "First try:\n\n\"Nine metres by eleven, five storeys deep. Two hours of sun in March, six in June. We asked what the people who live there miss most. They said: a place to sit that is not the stairs. So we built a bench around the one tree that was left, and then everything else around the bench.\"\n\nContinue like that?",
            ),
            say(BOB, 33, "Yes. That's it. Don't touch it any more."),
        ],
    },
];
