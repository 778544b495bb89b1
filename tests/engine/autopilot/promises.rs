//! What the autopilot promises whatever the server does: an ideal server without noise is fed to it.

use std::time::Duration;

use crawldeck::crawl::tuning::autopilot::{
    Autopilot, AutopilotCommand, AutopilotHold, AutopilotLimits, AutopilotState, AutopilotStep,
};
use crawldeck::crawl::tuning::finished_requests::{FailedRequest, FinishedRequests};
use crawldeck::crawl::tuning::reading::{Pressure, TuningReading};
use crawldeck::settings::autopilot_learnt::AutopilotLearnt;
use crawldeck::settings::autopilot_mode::AutopilotMode;

const LIMITS: AutopilotLimits = AutopilotLimits { max_permits: 512, max_rate: None };

/// A server that answers after 100 ms, up to 320 times per second.
struct Ideal {
    autopilot: Autopilot,
    at: f64,
    in_flight_seconds: f64,
    answered: f64,
    pressure: Pressure,
    refused: bool,
    overloaded: bool,
    /// One page of so many always fails; 0 for none.
    broken_every: u32,
    pages: u32,
    /// Answers per second.
    capacity: f64,
    permits: u32,
    rate: Option<f64>,
    steps: Vec<AutopilotStep>,
}

impl Ideal {
    fn new(mode: AutopilotMode, limits: AutopilotLimits, learnt: Option<&AutopilotLearnt>) -> Self {
        Self {
            autopilot: Autopilot::new(mode, limits, learnt),
            at: 1000.0,
            in_flight_seconds: 0.0,
            answered: 0.0,
            pressure: Pressure::default(),
            refused: false,
            overloaded: false,
            broken_every: 0,
            pages: 0,
            capacity: 320.0,
            permits: 4,
            rate: None,
            steps: Vec::new(),
        }
    }

    fn run(&mut self, seconds: u32) {
        for _ in 0..10 * seconds {
            self.at += 0.1;
            let in_flight = if self.pressure.starved { 1.0 } else { f64::from(self.permits) };
            let rate = (in_flight / 0.1).min(self.capacity).min(self.rate.unwrap_or(f64::INFINITY));
            let latency = (in_flight / rate).min(10.0);
            self.in_flight_seconds += 0.1 * in_flight;
            self.answered += 0.1 * rate;
            let mut finished = FinishedRequests::default();
            while self.answered >= 1.0 {
                self.answered -= 1.0;
                self.pages += 1;
                if self.broken_every > 0 && self.pages.is_multiple_of(self.broken_every) {
                    finished.overload(FailedRequest { sent_at: self.at - latency, host: 0 });
                } else {
                    finished.answer(latency);
                }
            }
            let failure = FailedRequest { sent_at: self.at - 0.05, host: 0 };
            if self.refused {
                finished.refuse(failure);
            }
            if self.overloaded {
                (0..3).for_each(|_| finished.overload(failure));
            }
            let steps = self.autopilot.tick(&TuningReading {
                at: self.at,
                in_flight: in_flight as u32,
                in_flight_seconds: self.in_flight_seconds,
                finished: &finished,
                active_hosts: 1,
                pressure: self.pressure,
            });
            for step in &steps {
                match step.command {
                    Some(AutopilotCommand::Permits(permits)) => self.permits = permits,
                    Some(AutopilotCommand::Rate(rate)) => self.rate = rate,
                    Some(AutopilotCommand::HostCap(_)) | None => {}
                }
            }
            self.steps.extend(steps);
        }
    }
}

#[test]
fn it_finds_the_knee_and_says_why() {
    let mut ideal = Ideal::new(AutopilotMode::Balanced, LIMITS, None);
    ideal.run(60);
    assert!((28..=42).contains(&ideal.permits), "{}", ideal.permits);
    for step in &ideal.steps {
        assert!(!step.reason.is_empty() && !step.reason.contains('\n') && step.reason.len() < 120);
        assert!(!step.reason.contains("NaN"), "{}", step.reason);
    }
    let kept = |s: &&AutopilotStep| s.reason.contains("climbs on") && s.reason.contains("→ ");
    assert!(ideal.steps.iter().any(|s| kept(&s)));
}

#[test]
fn it_never_raises_while_starved() {
    let mut ideal = Ideal::new(AutopilotMode::Balanced, LIMITS, None);
    ideal.pressure.starved = true;
    ideal.run(120);
    assert_eq!(ideal.permits, 4);
}

#[test]
fn it_holds_and_says_what_the_frontier_gives() {
    let mut ideal = Ideal::new(AutopilotMode::Balanced, LIMITS, None);
    ideal.run(40);
    let before = ideal.permits;
    ideal.pressure.starved = true;
    ideal.run(60);
    assert!(ideal.permits <= before, "{} -> {}", before, ideal.permits);
    let status = ideal.autopilot.status();
    assert_eq!(status.state, AutopilotState::Holding);
    assert!(status.to_string().starts_with("holding: the frontier gives 10/s"), "{status}");
}

#[test]
fn it_never_raises_while_we_are_the_limit() {
    let late = Pressure { loop_delay: 0.05, ..Pressure::default() };
    let cpu = Pressure { cpu: 1.0, ..Pressure::default() };
    let saver = Pressure { saver_full: true, ..Pressure::default() };
    for pressure in [late, cpu, saver] {
        let mut ideal = Ideal::new(AutopilotMode::Balanced, LIMITS, None);
        ideal.run(10);
        let before = ideal.permits;
        ideal.pressure = pressure;
        ideal.run(90);
        assert!(ideal.permits <= before, "{pressure:?}: {} -> {}", before, ideal.permits);
        assert!(ideal.autopilot.status().to_string().contains("we are the limit"));
    }
}

#[test]
fn it_keeps_to_the_most_permits_and_says_so() {
    let limits = AutopilotLimits { max_permits: 10, max_rate: None };
    let mut ideal = Ideal::new(AutopilotMode::Balanced, limits, None);
    ideal.run(60);
    assert!((8..=10).contains(&ideal.permits));
    assert!(
        ideal.steps.iter().all(|s| !matches!(s.command, Some(AutopilotCommand::Permits(11..))))
    );
    if ideal.permits == 10 {
        assert_eq!(ideal.autopilot.status().held_by, Some(AutopilotHold::Ceiling(10)));
    }
    let fewer = AutopilotLimits { max_permits: 5, max_rate: None };
    ideal.autopilot.hand_over();
    ideal.autopilot.resume(AutopilotMode::Balanced, ideal.permits, fewer);
    ideal.run(1);
    assert!(ideal.permits <= 5);
}

#[test]
fn a_hand_over_stops_it_at_once_and_it_resumes_with_what_it_learnt() {
    let mut ideal = Ideal::new(AutopilotMode::Balanced, LIMITS, None);
    ideal.run(40);
    let learnt = ideal.autopilot.learnt();
    ideal.autopilot.hand_over();
    let steps = ideal.steps.len();
    ideal.permits = 100;
    ideal.run(60);
    assert_eq!(ideal.steps.len(), steps, "it turned something");
    assert_eq!(ideal.autopilot.status().state, AutopilotState::HandedOver);
    ideal.autopilot.resume(AutopilotMode::Balanced, 100, LIMITS);
    assert!((ideal.autopilot.learnt().low_latency - learnt.low_latency).abs() < 1e-9);
    ideal.run(90);
    assert!((28..=45).contains(&ideal.permits), "{}", ideal.permits);
}

#[test]
fn what_it_learnt_shortens_the_next_run() {
    let mut first = Ideal::new(AutopilotMode::Balanced, LIMITS, None);
    first.run(60);
    let learnt = first.autopilot.learnt();
    assert!((0.09..0.12).contains(&learnt.low_latency), "{learnt:?}");
    let mut second = Ideal::new(AutopilotMode::Balanced, LIMITS, Some(&learnt));
    second.run(5);
    assert!(second.permits > 16, "{}", second.permits);
    let broken = AutopilotLearnt { permits: 3, low_latency: f64::NAN, dispersion: -1.0, ..learnt };
    let mut third = Ideal::new(AutopilotMode::Balanced, LIMITS, Some(&broken));
    third.run(60);
    assert!((28..=42).contains(&third.permits), "{}", third.permits);
}

#[test]
fn answers_429_turn_the_rate_and_never_beyond_what_the_user_set() {
    let mut ideal = Ideal::new(AutopilotMode::Balanced, LIMITS, None);
    ideal.run(10);
    let (permits, answers) = (ideal.permits, 320.0);
    ideal.refused = true;
    ideal.run(1);
    ideal.refused = false;
    let rate = ideal.rate.expect("a rate");
    assert!(rate < answers && ideal.permits == permits);
    let slower = AutopilotLimits { max_permits: 512, max_rate: Some(150.0) };
    ideal.autopilot.hand_over();
    ideal.autopilot.resume(AutopilotMode::Balanced, ideal.permits, slower);
    ideal.pressure.rate_limited = true;
    ideal.run(400);
    assert!(ideal.autopilot.status().rate.is_some_and(|r| r <= 150.0));
}

#[test]
fn overload_answers_lower_permits() {
    let mut ideal = Ideal::new(AutopilotMode::Balanced, LIMITS, None);
    ideal.run(40);
    let before = ideal.permits;
    ideal.overloaded = true;
    ideal.run(2);
    ideal.overloaded = false;
    assert!(f64::from(ideal.permits) <= 0.75 * f64::from(before));
    assert!(ideal.steps.iter().any(|s| s.reason.contains("overload answers")));
}

#[test]
fn a_target_that_cannot_be_had_is_reported() {
    let mut ideal = Ideal::new(AutopilotMode::Latency(Duration::from_millis(20)), LIMITS, None);
    ideal.run(120);
    let status = ideal.autopilot.status();
    assert!(status.out_of_reach && status.to_string().contains("out of reach"), "{status}");
    assert!(ideal.permits > 16, "it crawls as without a target");
}

#[test]
fn no_reading_makes_it_panic_or_leave_its_limits() {
    let mut ideal = Ideal::new(
        AutopilotMode::Gentle,
        AutopilotLimits { max_permits: 1, max_rate: Some(0.1) },
        None,
    );
    ideal.run(30);
    assert_eq!(ideal.autopilot.permits(), 1);
    let empty = FinishedRequests::default();
    let mut autopilot = Autopilot::new(AutopilotMode::Balanced, LIMITS, None);
    for _ in 0..1000 {
        let _ = autopilot.tick(&TuningReading {
            at: 5.0,
            in_flight: 0,
            in_flight_seconds: 0.0,
            finished: &empty,
            active_hosts: 0,
            pressure: Pressure::default(),
        });
    }
    assert!(autopilot.permits() >= 1);
}

#[test]
fn pages_that_always_fail_are_not_mistaken_for_overload() {
    let mut ideal = Ideal::new(AutopilotMode::Balanced, LIMITS, None);
    ideal.broken_every = 40;
    ideal.run(120);
    assert!((28..=45).contains(&ideal.permits), "{}: {:#?}", ideal.permits, ideal.steps);
    let lowered = |step: &&AutopilotStep| step.reason.contains("overload answers");
    assert!(ideal.steps.iter().filter(lowered).count() <= 1, "{:#?}", ideal.steps);
}

#[test]
fn whenever_capacity_halves_it_follows_within_15_seconds_and_back_within_40() {
    for second in 30..46 {
        let mut ideal = Ideal::new(AutopilotMode::Balanced, LIMITS, None);
        ideal.run(second);
        ideal.capacity = 160.0;
        ideal.run(15);
        assert!(ideal.permits < 24, "{second}: {} {:#?}", ideal.permits, ideal.steps);
        ideal.run(45);
        ideal.capacity = 320.0;
        ideal.run(40);
        assert!(ideal.permits >= 28, "{second}: {} {:#?}", ideal.permits, ideal.steps);
    }
}
