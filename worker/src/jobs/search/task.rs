//! The task: a shard that does what it is ordered to until it is told to stop, or nobody is there any more.

use std::{
    collections::VecDeque,
    ffi::OsStr,
    hash::{BuildHasher, RandomState},
    os::unix::ffi::OsStrExt,
    path::Path,
    process,
    time::Duration,
};

use brigade_protocol::{
    jobs::search::{
        Answer, File, Holdings, Order, Page, Question, Said, SearchShard, Shard, Terms,
    },
    queue::{Consumer, Producer, QueueError},
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
    let mut desk = Desk {
        wire: Wire {
            shard: input.number,
            life: RandomState::new().hash_one(process::id()),
            orders: input.orders.open(PATIENCE)?,
            early: VecDeque::new(),
            answers: input.answers.open()?,
        },
        terms: input.terms,
        arena: Arena::default(),
        holdings: Holdings::default(),
    };
    desk.wire.say(Said::Here { pid: process::id() })?;
    // Orders may lie there that were meant for one that is dead.
    let mut is_begun = false;
    loop {
        match desk.wire.next()? {
            Order::Stop => return Ok(()),
            Order::Begin { life } => is_begun = life == desk.wire.life,
            _ if !is_begun => {}
            Order::Load(files) => desk.load(&files),
            Order::Report => desk.report()?,
            Order::Ask(question) => desk.answer(&question)?,
            // For a question that is answered already.
            Order::More { .. } | Order::Enough { .. } => {}
        }
    }
}

/// What connects a shard with who asks.
struct Wire {
    shard: u32,
    life: u64,
    orders: Consumer<Order>,
    /// Orders that came in the middle of an answer.
    early: VecDeque<Order>,
    answers: Producer<Answer>,
}

impl Wire {
    fn next(&mut self) -> Result<Order, QueueError> {
        match self.early.pop_front() {
            Some(order) => Ok(order),
            None => self.get(),
        }
    }

    fn get(&mut self) -> Result<Order, QueueError> {
        loop {
            match self.orders.get() {
                // The master comes back to its queues when there is something to ask.
                Err(QueueError::NobodyThere { .. }) => {}
                other => return other,
            }
        }
    }

    /// Says something, which is given back.
    fn say(&mut self, said: Said) -> Result<Said, QueueError> {
        let (shard, life) = (self.shard, self.life);
        let answer = Answer { shard, life, said };
        loop {
            match self.answers.put(&answer) {
                Err(QueueError::NobodyThere { .. }) => {}
                other => return other.map(|()| answer.said),
            }
        }
    }

    /// Waits until further pages are wanted; how many, 0 if none ever are.
    fn more(&mut self, number: u64) -> Result<u32, QueueError> {
        loop {
            match self.get()? {
                Order::More { question, pages } if question == number => return Ok(pages),
                Order::Enough { question } if question == number => return Ok(0),
                Order::Stop => {
                    self.early.push_back(Order::Stop);
                    return Ok(0);
                }
                // They belong to questions before this one.
                Order::More { .. } | Order::Enough { .. } => {}
                order => self.early.push_back(order),
            }
        }
    }
}

/// Why an answer ends before it is complete.
enum Cut {
    Unwanted,
    Failed(QueueError),
}

impl From<QueueError> for Cut {
    fn from(error: QueueError) -> Self {
        Self::Failed(error)
    }
}

/// What a shard works with.
struct Desk {
    wire: Wire,
    terms: Terms,
    arena: Arena,
    holdings: Holdings,
}

impl Desk {
    fn load(&mut self, files: &[File]) {
        for file in files {
            let path = Path::new(OsStr::from_bytes(&file.path));
            match self.arena.load(file.number, path, file.bytes, self.terms) {
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
        self.wire.say(Said::Holds(holdings)).map(drop)
    }

    fn answer(&mut self, question: &Question) -> Result<(), QueueError> {
        let number = question.number;
        match Matcher::new(&question.pattern) {
            Ok(matcher) => match self.pages(&matcher, question) {
                Ok(()) | Err(Cut::Unwanted) => {}
                Err(Cut::Failed(error)) => return Err(error),
            },
            Err(error) => drop(self.wire.say(Said::Unfit(number, error.to_string()))?),
        }
        self.wire.say(Said::Done(number)).map(drop)
    }

    fn pages(&mut self, matcher: &Matcher, question: &Question) -> Result<(), Cut> {
        let (wire, mut window) = (&mut self.wire, question.window);
        let mut pages = Pages::new(matcher, question.wanted, |page: Page| {
            if window == 0 {
                window = wire.more(question.number)?;
            }
            window = window.checked_sub(1).ok_or(Cut::Unwanted)?;
            match wire.say(Said::Page(question.number, page))? {
                Said::Page(_, mut page) => {
                    page.clear();
                    Ok(page)
                }
                _ => Ok(Page::default()),
            }
        });
        for (file, text) in self.arena.files() {
            pages.search(file, text)?;
        }
        pages.finish()
    }
}
