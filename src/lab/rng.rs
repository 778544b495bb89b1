//! Repeatable random numbers: every property of a page follows from a generator seeded by the
//! site's seed, the page's number and the property, so nothing is stored per page.
//!
//! It must not know what the numbers decide.

/// What is being decided; each topic has its own generator, so that a new property does not change
/// the others. The order is part of the seed.
#[derive(Debug, Clone, Copy)]
pub enum Topic {
    /// Which of the hosts.
    Host,
    /// Page, redirect, missing, ...
    Kind,
    /// The path below the host.
    Path,
    /// Where a redirect leads, or which page a duplicate repeats.
    Target,
    /// The hops of a redirect.
    Hops,
    /// The links of a page.
    Links,
    /// The base of a page's links.
    Base,
    /// Title and text.
    Prose,
    /// Bytes of the body.
    Size,
    /// Charset and how it is declared.
    Charset,
    /// Whether only one unusual link leads there.
    WeaklyLinked,
    /// Time before the response.
    Latency,
    /// Quotes, letter case and traps of the HTML.
    Markup,
    /// Whether `robots.txt` forbids it.
    Private,
    /// Which fault a request meets.
    Fault,
}

/// A `SplitMix64` sequence.
#[derive(Debug, Clone)]
pub struct Rng(u64);

impl Rng {
    /// The generator for one property of one page.
    pub fn new(seed: u64, number: u32, topic: Topic) -> Self {
        let mut rng = Self(seed ^ u64::from(number).wrapping_mul(0xA24B_AED4_963E_E407));
        let salt = rng.next_u64();
        Self(salt ^ (topic as u64).wrapping_mul(0x9FB2_1C65_1E98_DF25))
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number in `0..bound`; 0 when `bound` is 0.
    pub fn below(&mut self, bound: u32) -> u32 {
        (((self.next_u64() >> 32) * u64::from(bound)) >> 32) as u32
    }

    /// True with a chance of `per_mille` in 1000.
    pub fn chance(&mut self, per_mille: u32) -> bool {
        self.below(1000) < per_mille
    }

    /// A number in `0.0..1.0`.
    pub fn unit_f64(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// One of `choices`, which must not be empty.
    pub fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u32) as usize]
    }

    /// A log-normal value with this median; a larger `spread` gives a longer tail.
    pub fn log_normal(&mut self, median: f64, spread: f64) -> f64 {
        // Box-Muller; `+ 1` keeps the logarithm away from zero.
        let u = ((self.next_u64() >> 11) + 1) as f64 / (1u64 << 53) as f64;
        let v = self.unit_f64();
        let normal = (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos();
        median * (normal * spread).exp()
    }
}
