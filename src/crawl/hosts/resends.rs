//! How often a URL is sent again at once.

/// Maximum number of times in a row while its host answers no other request.
const MAX_IN_VAIN: u32 = 10;
/// Maximum number of times in all.
const MAX_RESENDS: u32 = 100;

/// The requests for a URL that were sent again at once, because the server had not processed them. A server
/// that ends its connections often may leave one URL unprocessed many times while it answers others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Resends {
    total: u32,
    /// Those since its host last answered a request.
    in_vain: u32,
    /// What its host had answered then.
    answers: u32,
}

impl Resends {
    /// Counts one more, if there may be one; `answers` is the number of requests that the host has
    /// answered.
    pub fn count(&mut self, answers: u32) -> bool {
        if answers != self.answers {
            (self.in_vain, self.answers) = (0, answers);
        }
        let may = self.in_vain < MAX_IN_VAIN && self.total < MAX_RESENDS;
        self.in_vain += u32::from(may);
        self.total += u32::from(may);
        may
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_of_the_host_counts_up_to_a_bound() {
        let mut resends = Resends::default();
        assert_eq!((0..20).filter(|_| resends.count(7)).count(), 10);
        assert_eq!((0..20).filter(|_| resends.count(8)).count(), 10);
        assert_eq!((9..1_000).filter(|&answers| resends.count(answers)).count(), 80);
    }
}
