//! Searches over a tree that workers hold: one thread asks them, one question after another.

use std::{
    collections::VecDeque,
    path::PathBuf,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

use brigade_protocol::jobs::search::Pattern;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use crate::{
    cli::{Common, Narrator},
    jobs::search::{Hit, Resident, SearchArgs},
};

/// Questions that may wait for their turn.
const MOST_WAITING: usize = 16;

/// How often counts are told while they grow.
const TELL: Duration = Duration::from_millis(40);

/// How often to look whether files have changed.
const LOOK: Duration = Duration::from_millis(200);

/// How long an answer may take.
const LIMIT: Duration = Duration::from_secs(10);

/// The longest pattern.
const LONGEST_PATTERN: usize = 1_000;

/// Lines that are shown unless the question says otherwise, and at most.
const LINES: usize = 100;
const MOST_LINES: usize = 1_000;

/// What to look for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SearchQuery {
    #[serde(default)]
    pub(crate) q: String,
    /// Flags, as a form's boxes send them: any value is yes.
    pub(crate) regex: Option<String>,
    pub(crate) ignore_case: Option<String>,
    pub(crate) word: Option<String>,
    pub(crate) limit: Option<usize>,
}

impl SearchQuery {
    fn pattern(&self) -> Pattern {
        Pattern {
            is_regex: self.regex.is_some(),
            ignores_case: self.ignore_case.is_some(),
            is_word: self.word.is_some(),
            ..Pattern::literal(self.q.as_bytes())
        }
    }
}

/// What comes of a question.
#[derive(Debug)]
pub(super) enum News {
    /// So far.
    Counts {
        lines: u64,
        files: u64,
    },
    Hit(Hit),
    Done {
        lines: u64,
        files: u64,
        elapsed: Duration,
    },
    Failed(String),
}

/// A whole answer.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct Answer {
    /// Lines that match.
    pub(crate) lines: u64,
    /// Files that have such lines.
    pub(crate) files: u64,
    pub(crate) seconds: f64,
    /// The first of them.
    pub(crate) hits: Vec<Hit>,
}

struct Question {
    pattern: Pattern,
    limit: usize,
    tell: UnboundedSender<News>,
}

/// Why a question is not asked.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotAsked {
    #[error("this server holds no files to search; start it with --search PATH")]
    NoTree,
    #[error("nothing to look for; give q")]
    Nothing,
    #[error("the pattern has more than {LONGEST_PATTERN} bytes")]
    Long,
    #[error("{0}")]
    Unfit(String),
    #[error("{MOST_WAITING} questions wait already; try again later")]
    Busy,
    #[error(
        "searches have ended; the server's standard error says why, and only starting it anew helps"
    )]
    Over,
}

/// Where questions are put.
pub(crate) struct Searches {
    /// What is held, for people; none if nothing is.
    pub(crate) roots: Option<String>,
    queue: Mutex<Queue>,
    is_more: Condvar,
    pub(super) asked: AtomicU64,
}

#[derive(Default)]
struct Queue {
    questions: VecDeque<Question>,
    is_over: bool,
}

impl Searches {
    /// A desk; `roots` are what will be held.
    pub(super) fn new(roots: &[PathBuf]) -> Self {
        let names: Vec<String> = roots
            .iter()
            .map(|root| root.display().to_string())
            .collect();
        Self {
            roots: (!names.is_empty()).then(|| names.join(", ")),
            queue: Mutex::default(),
            is_more: Condvar::new(),
            asked: AtomicU64::new(0),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a question. What comes of it is told until it is answered; who drops the receiver does not want to know
    /// any more.
    pub(super) fn ask(&self, query: &SearchQuery) -> Result<UnboundedReceiver<News>, NotAsked> {
        if self.roots.is_none() {
            return Err(NotAsked::NoTree);
        }
        if query.q.is_empty() {
            return Err(NotAsked::Nothing);
        }
        if query.q.len() > LONGEST_PATTERN {
            return Err(NotAsked::Long);
        }
        // Bounded by the number of lines, and of counts in the time that an answer may take.
        let (tell, news) = mpsc::unbounded_channel();
        let mut queue = self.lock();
        if queue.is_over {
            return Err(NotAsked::Over);
        }
        if queue.questions.len() >= MOST_WAITING {
            return Err(NotAsked::Busy);
        }
        queue.questions.push_back(Question {
            // Whether it can be looked for, the workers find out: it may take them seconds.
            pattern: query.pattern(),
            limit: query.limit.unwrap_or(LINES).min(MOST_LINES),
            tell,
        });
        drop(queue);
        self.asked.fetch_add(1, Relaxed);
        self.is_more.notify_one();
        Ok(news)
    }

    /// The same, waiting for the whole answer.
    pub(super) async fn answer(&self, query: &SearchQuery) -> Result<Answer, NotAsked> {
        let mut news = self.ask(query)?;
        let mut hits = Vec::new();
        while let Some(news) = news.recv().await {
            match news {
                News::Counts { .. } => {}
                News::Hit(hit) => hits.push(hit),
                News::Done {
                    lines,
                    files,
                    elapsed,
                } => {
                    return Ok(Answer {
                        lines,
                        files,
                        seconds: elapsed.as_secs_f64(),
                        hits,
                    });
                }
                News::Failed(why) => return Err(NotAsked::Unfit(why)),
            }
        }
        Err(NotAsked::Unfit(
            "the search has ended before its answer; the server's standard error says why"
                .to_owned(),
        ))
    }

    /// Ends the thread that asks.
    pub(super) fn end(&self) {
        self.lock().is_over = true;
        self.is_more.notify_all();
    }

    /// Whether no question will be answered any more, although there are files to search.
    pub(super) fn have_failed(&self) -> bool {
        self.roots.is_some() && self.is_over()
    }

    fn is_over(&self) -> bool {
        self.lock().is_over
    }

    /// The next question, if one comes soon; none at the end.
    fn next(&self) -> Option<Question> {
        let queue = self.lock();
        let waiting = |queue: &mut Queue| queue.questions.is_empty() && !queue.is_over;
        let (mut queue, _) = self
            .is_more
            .wait_timeout_while(queue, LOOK, waiting)
            .unwrap_or_else(PoisonError::into_inner);
        if queue.is_over {
            queue.questions.clear();
        }
        queue.questions.pop_front()
    }

    /// Loads the tree, and answers questions until the end, on a thread of its own.
    pub(super) fn start(
        self: &Arc<Self>,
        args: SearchArgs,
        common: Common,
        narrator: Narrator,
    ) -> std::io::Result<thread::JoinHandle<()>> {
        let searches = Arc::clone(self);
        thread::Builder::new().name("search".into()).spawn(move || {
            let result = searches.serve(&args, &common, &narrator);
            if let Err(error) = result {
                narrator.say(&format!("error: searches have ended: {error:#}"));
            }
            // Whoever still waits is told by the end of the channel.
            searches.end();
            searches.lock().questions.clear();
        })
    }

    fn serve(&self, args: &SearchArgs, common: &Common, narrator: &Narrator) -> anyhow::Result<()> {
        let mut resident = Resident::load(args, common, narrator)?;
        while !self.is_over() {
            match self.next() {
                Some(question) => self.ask_shards(&mut resident, &question)?,
                None => resident.refresh()?,
            }
        }
        resident.close();
        Ok(())
    }

    /// First how many lines there are, told as the counts grow; then the first of them.
    fn ask_shards(&self, resident: &mut Resident<'_>, question: &Question) -> anyhow::Result<()> {
        let began = Instant::now();
        let tell = |news| drop(question.tell.send(news));
        let is_over = || question.tell.is_closed() || self.is_over() || began.elapsed() > LIMIT;
        resident.refresh()?;
        let (mut lines, mut files, mut told) = (0, 0, began);
        let counted = resident.count(&question.pattern, &is_over, |matching| {
            lines += matching;
            files += 1;
            if told.elapsed() >= TELL {
                told = Instant::now();
                tell(News::Counts { lines, files });
            }
        })?;
        if let Err(why) = counted {
            tell(News::Failed(why));
            return Ok(());
        }
        tell(News::Counts { lines, files });
        if question.limit > 0 && lines > 0 {
            let mut left = question.limit;
            resident.lines(&question.pattern, &is_over, &mut |hit| {
                tell(News::Hit(hit));
                left -= 1;
                left > 0
            })?;
        }
        if began.elapsed() > LIMIT {
            tell(News::Failed(format!(
                "it took longer than {LIMIT:?}; look for something rarer, or have fewer files held"
            )));
            return Ok(());
        }
        tell(News::Done {
            lines,
            files,
            elapsed: began.elapsed(),
        });
        Ok(())
    }
}
