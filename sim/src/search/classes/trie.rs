//! `trie` finds the class of a seed by the seed's answers. A node is the next question of a run, an edge
//! is an answer, and a leaf is the class of a run with exactly the questions on the path to the
//! leaf.

use crate::network::draws::{Answer, Question};
use crate::side::Side;

/// Runs by their questions and answers.
pub(crate) struct Trie {
    nodes: Vec<Node>,
    edges: Vec<Edge>,
}

/// The nodes are most of a trie and nearly always have one child, so they are small.
#[derive(Clone, Copy)]
struct Node {
    /// The question, packed; or `OPEN`, or `LEAF`.
    asks: u32,
    /// The node behind the answer `Answer::DELIVER`; 0: none. In a leaf: the class.
    deliver: u32,
    /// The first edge with another answer; `NO_EDGE`: none.
    others: u32,
}

struct Edge {
    answer: Answer,
    to: u32,
    /// The next edge of the same node.
    next: u32,
}

const ROOT: u32 = 0;
/// No run has come this far.
const OPEN: u32 = u32::MAX;
/// A run ends here: nothing more was asked.
const LEAF: u32 = u32::MAX - 1;
const NO_EDGE: u32 = u32::MAX;
const OPEN_NODE: Node = Node { asks: OPEN, deliver: 0, others: NO_EDGE };

impl Trie {
    /// A trie without a run.
    #[must_use]
    pub(crate) fn new() -> Self {
        Self { nodes: vec![OPEN_NODE], edges: Vec::new() }
    }

    /// Returns the class whose questions got the same answers from the first seed as from `answer`.
    #[inline]
    pub(crate) fn walk(&self, mut answer: impl FnMut(Question) -> Answer) -> Option<u32> {
        let mut at = ROOT;
        loop {
            let node = self.nodes[at as usize];
            match node.asks {
                OPEN => return None,
                LEAF => return Some(node.deliver),
                asks => at = self.child(&node, answer(unpacked(asks)))?,
            }
        }
    }

    #[inline]
    fn child(&self, node: &Node, answer: Answer) -> Option<u32> {
        if answer == Answer::DELIVER {
            return (node.deliver > 0).then_some(node.deliver);
        }
        let mut edge = self.edges.get(node.others as usize)?;
        while edge.answer != answer {
            edge = self.edges.get(edge.next as usize)?;
        }
        Some(edge.to)
    }

    /// Inserts a run with the questions and answers of `path`, as `class`. Returns the class at
    /// this place: an earlier class if an earlier run had the same questions and answers. `None`:
    /// after equal answers, the run asked a different question than an earlier run, and has no
    /// place in the trie.
    pub(crate) fn insert(&mut self, path: &[(Question, Answer)], class: u32) -> Option<u32> {
        let mut at = ROOT;
        for (question, answer) in path {
            let node = &mut self.nodes[at as usize];
            if node.asks == OPEN {
                node.asks = packed(*question);
            }
            if node.asks != packed(*question) {
                return None;
            }
            let node = *node;
            at = match self.child(&node, *answer) {
                Some(child) => child,
                None => self.grow(at, *answer),
            };
        }
        let node = &mut self.nodes[at as usize];
        match node.asks {
            OPEN => *node = Node { asks: LEAF, deliver: class, others: NO_EDGE },
            LEAF => {}
            _ => return None,
        }
        Some(node.deliver)
    }

    fn grow(&mut self, from: u32, answer: Answer) -> u32 {
        let short =
            |len: usize| u32::try_from(len).expect("the budget ends long before 2^32 nodes");
        let child = short(self.nodes.len());
        self.nodes.push(OPEN_NODE);
        let edge = short(self.edges.len());
        let node = &mut self.nodes[from as usize];
        if answer == Answer::DELIVER {
            node.deliver = child;
        } else {
            self.edges.push(Edge { answer, to: child, next: node.others });
            node.others = edge;
        }
        child
    }

    /// The memory of the trie, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.nodes.capacity() * size_of::<Node>() + self.edges.capacity() * size_of::<Edge>()
    }
}

fn packed(question: Question) -> u32 {
    let of =
        |kind: u32, side: Side, value: u16| kind << 17 | (side as u32) << 16 | u32::from(value);
    match question {
        Question::Fate { from, bytes } => of(0, from, bytes),
        Question::PortDigits { side, place } => of(1, side, place),
        Question::ModelBit(bit) => of(2, Side::Server, u16::from(bit)),
    }
}

#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the parts were put there")]
fn unpacked(asks: u32) -> Question {
    let side = if asks >> 16 & 1 == Side::Client as u32 { Side::Client } else { Side::Server };
    let value = asks as u16;
    match asks >> 17 {
        0 => Question::Fate { from: side, bytes: value },
        1 => Question::PortDigits { side, place: value },
        _ => Question::ModelBit(value as u8),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::fate::Fate;

    const UP: Question = Question::Fate { from: Side::Client, bytes: 1_500 };
    const DOWN: Question = Question::Fate { from: Side::Server, bytes: 40 };
    const DIGITS: Question = Question::PortDigits { side: Side::Server, place: 16_383 };
    const BIT: Question = Question::ModelBit(63);

    fn walk(trie: &Trie, answers: &[(Question, Answer)]) -> Option<u32> {
        let mut answers = answers.iter();
        trie.walk(|question| {
            let (asked, answer) = answers.next().expect("no more is asked than the run asked");
            assert_eq!(*asked, question);
            *answer
        })
    }

    #[test]
    fn a_run_is_found_by_its_answers_alone() {
        let [lost, kept] = [Fate::Lost, Fate::Deliver].map(Answer::from);
        let mut trie = Trie::new();
        let two = Answer::digits(49_170);
        let paths = [
            vec![(UP, kept), (DIGITS, two), (BIT, kept), (DOWN, kept)],
            vec![(UP, kept), (DIGITS, two), (BIT, kept), (DOWN, lost), (DOWN, kept)],
            vec![(UP, lost), (UP, kept)],
        ];
        for (class, path) in (7..).zip(&paths) {
            assert_eq!(walk(&trie, path), None);
            assert_eq!(trie.insert(path, class), Some(class));
            assert_eq!(walk(&trie, path), Some(class));
            assert_eq!(trie.insert(path, 99), Some(class), "it has its place already");
        }
        assert_eq!(walk(&trie, &[(UP, kept), (DIGITS, Answer::digits(49_152))]), None);
        assert_eq!(trie.insert(&[(UP, kept), (BIT, kept)], 9), None, "digits were asked for there");
        assert_eq!(trie.insert(&[(UP, lost)], 9), None, "more was asked for there");
        assert_eq!(walk(&trie, &paths[2]), Some(9), "nothing has changed");
    }

    #[test]
    fn a_run_without_questions_is_the_root() {
        let mut trie = Trie::new();
        assert_eq!(walk(&trie, &[]), None);
        assert_eq!(trie.insert(&[], 0), Some(0));
        assert_eq!(walk(&trie, &[]), Some(0));
    }
}
