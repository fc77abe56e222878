//! Conversations over all mailboxes of an account.

use super::*;
use store::{MailboxId, ThreadId};

on_both_engines!(
    replies_join_by_reference,
    replies_without_references_join_by_subject,
    equal_subjects_alone_do_not_join,
    a_message_that_connects_two_threads_makes_them_one,
    a_thread_is_found_in_all_mailboxes_by_date,
    a_thread_ends_with_its_last_message,
    accounts_do_not_share_threads,
);

fn put(store: &Fixture, role: Role, subject: &str, id: &str, header: &str) -> ThreadId {
    store.append(ALICE, role, &mail(subject, id, header)).thread
}

fn members(store: &Fixture, thread: ThreadId) -> Vec<(MailboxId, u32)> {
    store.thread(ALICE, thread).unwrap()
}

fn replies_join_by_reference(engine: Engine) {
    let store = Fixture::new(engine);
    let thread = put(&store, Role::Inbox, "Plan", "1", "");
    assert_eq!(put(&store, Role::Sent, "Other words", "2", "In-Reply-To: <1@example.test>\r\n"), thread);
    assert_eq!(put(&store, Role::Inbox, "Third", "3", "References: <0@x> <2@example.test>\r\n"), thread);
    // It refers to a message that was never here but was named.
    assert_eq!(put(&store, Role::Inbox, "Fourth", "4", "References: <0@x>\r\n"), thread);
    assert_ne!(put(&store, Role::Inbox, "Fifth", "5", "References: <9@x>\r\n"), thread);
    assert_eq!(members(&store, thread).len(), 4);
    sound::check(&store, &[ALICE, BOB]);
}

fn replies_without_references_join_by_subject(engine: Engine) {
    let store = Fixture::new(engine);
    let thread = put(&store, Role::Inbox, "The plan", "1", "");
    assert_eq!(put(&store, Role::Inbox, "Re: AW: the  PLAN", "2", ""), thread);
    assert_eq!(put(&store, Role::Inbox, "Fwd: the plan", "3", "References: <unknown@x>\r\n"), thread);
}

fn equal_subjects_alone_do_not_join(engine: Engine) {
    let store = Fixture::new(engine);
    let thread = put(&store, Role::Inbox, "Invoice", "1", "");
    let newer = put(&store, Role::Inbox, "Invoice", "2", "");
    assert_ne!(newer, thread);
    assert_eq!(put(&store, Role::Inbox, "Re: Invoice", "3", ""), newer, "a reply joins the newest");
    assert_ne!(put(&store, Role::Inbox, "Re: ", "4", ""), put(&store, Role::Inbox, "Re: ", "5", ""));
}

fn a_message_that_connects_two_threads_makes_them_one(engine: Engine) {
    let store = Fixture::new(engine);
    let first = put(&store, Role::Inbox, "One", "1", "");
    let second = put(&store, Role::Sent, "Two", "2", "");
    put(&store, Role::Sent, "Two more", "3", "In-Reply-To: <2@example.test>\r\n");
    let joint = put(&store, Role::Inbox, "Both", "4", "References: <2@example.test> <1@example.test>\r\n");
    assert_eq!(joint, first);
    assert_eq!((members(&store, first).len(), members(&store, second).len()), (4, 0));
    let sent = store.mailbox_of(Role::Sent);
    assert_eq!(store.message(ALICE, sent.id, 2).unwrap().unwrap().thread, first);
    assert_eq!(put(&store, Role::Inbox, "Late", "5", "In-Reply-To: <3@example.test>\r\n"), first);
    sound::check(&store, &[ALICE, BOB]);
}

fn a_thread_is_found_in_all_mailboxes_by_date(engine: Engine) {
    let store = Fixture::new(engine);
    let mut thread = ThreadId(0);
    for (role, id, received) in [(Role::Inbox, "1", 30), (Role::Sent, "2", 10), (Role::Archive, "3", 20)] {
        let (body, message) = message(&mail("Re: Trip", id, "References: <root@x>\r\n"));
        let message = NewMessage { received, ..message };
        let work = move |tx: &mut Tx<'_>| tx.append(ALICE, tx.mailbox_by_role(ALICE, role)?.id, &message);
        thread = wait(store.commit(vec![body], work)).unwrap().thread;
    }
    let found: Vec<_> = members(&store, thread).into_iter().map(|(mailbox, _)| mailbox).collect();
    assert_eq!(found, [Role::Sent, Role::Archive, Role::Inbox].map(|role| store.mailbox_of(role).id));
}

fn a_thread_ends_with_its_last_message(engine: Engine) {
    let store = Fixture::new(engine);
    let thread = put(&store, Role::Inbox, "Short", "1", "");
    put(&store, Role::Inbox, "Re: Short", "2", "In-Reply-To: <1@example.test>\r\n");
    let inbox = store.mailbox_of(Role::Inbox).id;
    store.run(move |tx| tx.expunge(ALICE, inbox, &uids([1]), NOW));
    assert_eq!(members(&store, thread), [(inbox, 2)]);
    store.run(move |tx| tx.expunge(ALICE, inbox, &uids([2]), NOW));
    assert_eq!(members(&store, thread), []);
    assert_ne!(put(&store, Role::Inbox, "Re: Short", "3", "In-Reply-To: <1@example.test>\r\n"), thread);
    sound::check(&store, &[ALICE, BOB]);
}

fn accounts_do_not_share_threads(engine: Engine) {
    let store = Fixture::new(engine);
    put(&store, Role::Inbox, "Before", "0", "");
    let hers = put(&store, Role::Inbox, "Joint", "1", "");
    let his = store.append(BOB, Role::Inbox, &mail("Re: Joint", "2", "In-Reply-To: <1@example.test>\r\n"));
    assert_eq!(members(&store, hers).len(), 1);
    assert_eq!(store.thread(BOB, his.thread).unwrap().len(), 1);
}
