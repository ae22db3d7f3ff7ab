//! One source of choices for every way of generating test data.
//!
//! A generator asks `pick(n)` for numbers below `n`. Given bytes it generates random data, and
//! shrinking the bytes shrinks the data; driven by [`all`] it generates all possible data.

/// The answers to a generator's questions.
#[derive(Default)]
pub struct Choices {
    answers: Vec<usize>,
    asked: Vec<Choice>,
}

/// One question and its answer.
struct Choice {
    answer: usize,
    among: usize,
}

impl Choices {
    /// The choices determined by these bytes, with zeros after them.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let answers = bytes.iter().map(|byte| usize::from(*byte)).collect();
        Self { answers, asked: Vec::new() }
    }

    /// A number below `among`.
    pub fn pick(&mut self, among: usize) -> usize {
        let answer = self.answers.get(self.asked.len()).map_or(0, |answer| answer % among);
        self.asked.push(Choice { answer, among });
        answer
    }

    /// One of the options.
    pub fn one_of<T: Clone>(&mut self, options: &[T]) -> T {
        options[self.pick(options.len())].clone()
    }

    /// The next answers after these, as a counter increments its digits.
    fn successor(&self) -> Option<Vec<usize>> {
        let last = self.asked.iter().rposition(|choice| choice.answer + 1 < choice.among)?;
        let mut answers: Vec<usize> = self.asked.iter().map(|choice| choice.answer).collect();
        answers.truncate(last + 1);
        answers[last] += 1;
        Some(answers)
    }
}

/// Everything that the generator can generate, each thing once.
pub fn all<T: PartialEq>(generator: impl Fn(&mut Choices) -> T) -> Vec<T> {
    let mut made = Vec::new();
    let mut answers = Some(Vec::new());
    while let Some(given) = answers {
        let mut choices = Choices { answers: given, asked: Vec::new() };
        let thing = generator(&mut choices);
        if !made.contains(&thing) {
            made.push(thing);
        }
        answers = choices.successor();
    }
    made
}
