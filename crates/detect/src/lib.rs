//! Native detectors over bytes; each answers with evidence
