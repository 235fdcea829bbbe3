#pragma once

#include <cstdint>
#include <vector>

#include "recommend/interactions.h"
#include "recommend/preferences.h"

namespace eunomia::recommend {

// One person of a test: what the model is told of them, and what they did next.
struct test_case {
  core::subject_handle subject;
  interactions events;                 // what the model is told, in the catalogue of the split
  std::vector<item_position> targets;  // distinct, ascending; none of them in events
};

// A data set taken apart for an evaluation; train and all test cases share one catalogue.
struct split {
  interactions train;
  std::vector<test_case> tests;  // ascending by subject
};

// How the split of Amazon Personalize is made: 90 % of the people train; of each other person with at least
// minimum_pairs distinct items, the newest 10 % (at least one) are the targets, by the time of the first event with an
// item. People are drawn by a hash of their handle and the seed.
struct people_split {
  double test_share = 0.1;
  double target_share = 0.1;
  std::uint32_t minimum_pairs = 10;
  std::uint64_t seed = 1;
};
split hold_out_people(const interactions& events, const people_split& how = {});

// Everybody trains, but for the last item they turned to for the first time, which is the target; people with one item
// only train.
split leave_last_out(const interactions& events);

// Given files: people of fold_in without targets, and targets of people without fold-in, are left out. The three need
// not share a catalogue; the split has the union of theirs.
split given_split(const interactions& train, const interactions& fold_in, const interactions& targets);

// As given_split, where nobody's targets are known: every person of fold_in is a test case without targets.
split told_split(const interactions& train, const interactions& fold_in);

// The histories of the test cases as a model with this weighting sees them, in the order of the tests.
std::vector<std::vector<preference>> histories(const std::vector<test_case>& tests, const weighting& how);

// The same events with the items of another catalogue, which must hold them all.
interactions with_catalogue(const interactions& events, std::shared_ptr<const catalogue> items);

// How many different items the events have.
std::uint32_t distinct_items(const interactions& events);

// The events whose subject is not among gone (ascending).
interactions without(const interactions& events, std::span<const core::subject_handle> gone);

}  // namespace eunomia::recommend
