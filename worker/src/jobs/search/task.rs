//! The task: a shard that does what it is ordered to until it is told to stop, or nobody is there any more.

use std::{
    ffi::OsStr,
    hash::{BuildHasher, RandomState},
    os::unix::ffi::OsStrExt,
    path::Path,
    process,
    time::Duration,
};

use brigade_protocol::{
    jobs::search::{Answer, File, Holdings, Order, Question, Said, SearchShard, Shard, Terms},
    queue::{Producer, QueueError},
};

use super::{
    arena::{Arena, Taken},
    matcher::Matcher,
    pages::Pages,
};
use crate::{Registry, TaskError};

/// How long the queues' other side may take.
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) fn register(registry: &mut Registry) {
    registry.register::<SearchShard, _>(|input, _| match serve(&input) {
        // Who asked is not interested any more.
        Ok(()) | Err(QueueError::Closed | QueueError::Gone) => Ok(()),
        Err(error) => Err(TaskError::from(error.to_string())),
    });
}

/// Takes orders until the last.
fn serve(input: &Shard) -> Result<(), QueueError> {
    let mut orders = input.orders.open(PATIENCE)?;
    let mut desk = Desk {
        shard: input.number,
        life: RandomState::new().hash_one(process::id()),
        terms: input.terms,
        answers: input.answers.open()?,
        arena: Arena::default(),
        holdings: Holdings::default(),
    };
    desk.say(Said::Here { pid: process::id() })?;
    // Orders may lie there that were meant for one that is dead.
    let mut is_begun = false;
    loop {
        match orders.get() {
            Ok(Order::Stop) => return Ok(()),
            Ok(Order::Begin { life }) => is_begun = life == desk.life,
            Ok(_) if !is_begun => {}
            Ok(Order::Load(files)) => desk.load(&files),
            Ok(Order::Report) => desk.report()?,
            Ok(Order::Ask(question)) => desk.answer(&question)?,
            // The master comes back to its queues when there is something to ask.
            Err(QueueError::NobodyThere { .. }) => {}
            Err(error) => return Err(error),
        }
    }
}

/// What a shard works with.
struct Desk {
    shard: u32,
    life: u64,
    terms: Terms,
    answers: Producer<Answer>,
    arena: Arena,
    holdings: Holdings,
}

impl Desk {
    fn say(&mut self, said: Said) -> Result<(), QueueError> {
        say(&mut self.answers, self.shard, self.life, said)
    }

    fn load(&mut self, files: &[File]) {
        for file in files {
            let path = Path::new(OsStr::from_bytes(&file.path));
            match self.arena.load(file.number, path, self.terms) {
                Ok(Taken::Held) => {}
                Ok(Taken::Binary) => self.holdings.binary += 1,
                Ok(Taken::Large) => self.holdings.large += 1,
                Err(error) => self.holdings.unread.push((file.number, error.to_string())),
            }
        }
    }

    fn report(&mut self) -> Result<(), QueueError> {
        (self.holdings.files, self.holdings.bytes) = self.arena.size();
        let holdings = std::mem::take(&mut self.holdings);
        (self.holdings.binary, self.holdings.large) = (holdings.binary, holdings.large);
        self.say(Said::Holds(holdings))
    }

    fn answer(&mut self, question: &Question) -> Result<(), QueueError> {
        let (shard, life, number) = (self.shard, self.life, question.number);
        // Whoever asks has tried the pattern before.
        if let Ok(matcher) = Matcher::new(&question.pattern) {
            let answers = &mut self.answers;
            let mut pages = Pages::new(&matcher, question.wanted, |page| {
                say(answers, shard, life, Said::Page(number, page))
            });
            for (file, text) in self.arena.files() {
                pages.search(file, text)?;
            }
            pages.finish()?;
        }
        self.say(Said::Done(number))
    }
}

fn say(
    answers: &mut Producer<Answer>,
    shard: u32,
    life: u64,
    said: Said,
) -> Result<(), QueueError> {
    let answer = Answer { shard, life, said };
    loop {
        match answers.put(&answer) {
            Err(QueueError::NobodyThere { .. }) => {}
            other => return other,
        }
    }
}
