//! The cast of the demo: a small landscape studio, its clients and the machines that write to it.

/// Someone who writes or is written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) name: &'static str,
    pub(crate) address: &'static str,
}

const fn person(name: &'static str, address: &'static str) -> Person {
    Person { name, address }
}

pub(crate) const ALICE: Person = person("Alice Winter", "alice@example.test");
pub(crate) const BOB: Person = person("Bob Marten", "bob@example.test");
pub(crate) const ADMIN: Person = person("Admin", "admin@example.test");
pub(crate) const AMARA: Person = person("Amara Okafor", "amara.okafor@example.com");
pub(crate) const CLARA: Person = person("Clara Lindqvist", "clara.lindqvist@example.org");
pub(crate) const DMITRI: Person = person("Дмитрий Волков", "volkov@example.net");
pub(crate) const HELOISE: Person = person("Héloïse Garnier", "heloise.garnier@example.org");
pub(crate) const JONAS: Person = person("Jonas Weber", "jonas.weber@example.net");
pub(crate) const MUM: Person = person("Margaret Winter", "m.winter@example.org");
pub(crate) const PRIYA: Person = person("Priya Nair", "priya@example.com");
pub(crate) const TOM: Person = person("Tom Hughes", "tom.hughes@example.com");
pub(crate) const YUKI: Person = person("田中 由紀", "yuki.tanaka@example.com");
pub(crate) const LIST: Person = person("Garden Talk", "garden-talk@lists.example.org");

/// People who write to the Garden Talk list.
pub(crate) const GARDENERS: [Person; 9] = [
    person("Ingrid Solberg", "ingrid@example.net"),
    person("Pete Ashworth", "pete.ashworth@example.com"),
    person("Moss & Stone Nursery", "nursery@example.com"),
    person("Ruth Abernathy", "ruth.a@example.org"),
    person("Kofi Mensah", "kofi@example.net"),
    person("Leela Raman", "leela.raman@example.com"),
    person("Old Bramley", "bramley@example.org"),
    person("Søren Dahl", "soren.dahl@example.net"),
    HELOISE,
];

/// Whether the mail of this person is kept here.
pub(crate) fn is_local(person: Person) -> bool {
    person.address.ends_with("@example.test")
}
