//! Faults: what can be made slow, scarce or broken on purpose, one thing at a time.
//!
//! The crawl's control task owns the faults in force; a [`FaultySite`] that is crawled receives its
//! own. This module knows neither crawl nor site.

mod fault;
mod levels;
mod panic_point;

pub use fault::{Fault, Place, Unit};
pub use levels::{FaultSetting, Faults, FaultySite};
pub use panic_point::{PanicPoint, PanicPoints};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_stands_in_its_place_and_is_read_as_it_is_shown() {
        for (at, fault) in Fault::ALL.into_iter().enumerate() {
            assert_eq!(fault as usize, at);
            assert_eq!(Fault::from_name(fault.name()), Some(fault));
            for level in fault.ladder() {
                assert_eq!(fault.parse_level(&fault.level_text(*level)), Ok(Some(*level)));
            }
            assert_eq!(fault.parse_level("off"), Ok(None));
        }
    }

    #[test]
    fn a_ladder_gets_worse_rung_by_rung_and_ends() {
        for fault in Fault::ALL {
            let mut faults = Faults::default();
            let mut before = 0.0;
            for rung in fault.ladder() {
                faults.set(faults.nudged(fault, 1));
                assert_eq!(faults.get(fault), Some(*rung));
                assert!(fault.severity(faults.get(fault)) > before, "{fault} {rung}");
                before = fault.severity(faults.get(fault));
            }
            assert_eq!(faults.nudged(fault, 1).level, faults.get(fault));
            assert_eq!(faults.nudged(fault, i32::MIN).level, None);
            faults.set(FaultSetting { fault, level: Some(fault.ladder()[0]) });
            assert_eq!(faults.nudged(fault, -1).level, None);
        }
    }

    #[test]
    fn between_two_rungs_a_step_leads_to_the_next() {
        let faults = Faults::default().with(Fault::Latency, 300.0).with(Fault::Capacity, 15.0);
        assert_eq!(faults.nudged(Fault::Latency, 1).level, Some(500.0));
        assert_eq!(faults.nudged(Fault::Latency, -1).level, Some(200.0));
        assert_eq!(faults.nudged(Fault::Capacity, 1).level, Some(10.0));
        assert_eq!(faults.nudged(Fault::Capacity, -1).level, Some(20.0));
    }

    #[test]
    fn what_cannot_be_a_level_is_refused_with_what_can() {
        let refused = |text: &str| text.parse::<FaultSetting>().expect_err(text);
        assert_eq!(refused("5xx 110%"), "5xx takes 0% to 100%, or 'off', not '110%'");
        assert_eq!(refused("latency 2h"), "latency takes 0ms to 60s, or 'off', not '2h'");
        assert_eq!(refused("latency -1s"), "latency takes 0ms to 60s, or 'off', not '-1s'");
        assert_eq!(refused("capacity 0"), "capacity takes 1 to 100000, or 'off', not '0'");
        assert!(refused("5xx NaN").contains("not 'NaN'"));
        assert!(refused("bandwidth lots").contains("takes 1KiB/s to"));
        assert!(refused("flood 3").starts_with("no fault is called 'flood': there are latency,"));
        assert!(refused("5xx").starts_with("5xx takes a level"));
        let read = |text: &str| text.parse::<FaultSetting>().expect(text).level;
        assert_eq!(read("latency 1s 500ms"), Some(1_500.0));
        assert_eq!(read("latency 0"), Some(0.0));
        assert_eq!(read("5xx 0%"), None);
        assert_eq!(read("5xx 0.07"), Some(0.07));
        assert_eq!(read("bandwidth 1MiB/s"), Some(1_048_576.0));
    }

    #[test]
    fn stored_as_names_and_levels() {
        let faults = Faults::default().with(Fault::Latency, 200.0).with(Fault::TooMany, 0.1);
        let text = serde_json::to_string(&faults).expect("written");
        assert_eq!(text, r#"{"latency":200.0,"429":0.1}"#);
        assert_eq!(serde_json::from_str::<Faults>(&text).expect("read"), faults);
        assert_eq!(faults.to_string(), "latency 200ms, 429 10%");
        assert!(serde_json::from_str::<Faults>(r#"{"flood":1.0}"#).is_err());
    }
}
