#pragma once

#include <cstdint>

#include "recommend/family.h"
#include "recommend/preferences.h"

namespace eunomia::recommend {

// VMIS-kNN: Kersbergen, Sprangers, Schelter: Serenade, low-latency session-based recommendation in e-commerce at scale
// (SIGMOD 2022), after Ludewig, Jannach (UMUAI 2018). A training session is what somebody did, each item once, its time
// that of the newest event; with inactivity_hours a pause of more than that begins another. To answer, the query is the
// last_items newest items of the history, L of them, pos(i) counted from 0 at the newest (of items of the same time,
// the one of the larger position counts as newer):
//
//   candidates: of each query item's sessions the recent_sessions newest, and of all these again the recent_sessions
//               newest
//   sim(x)   = sum over the query's items i in session x of (L - pos(i)) / L; the neighbours most similar are kept
//   score(j) = sum over kept x with j of max(0, 1 - .1 (1 + min pos(i), i in x)) sim(x) idf(j)
//   idf(j)   = ln(sessions / sessions with j), 1 where that is 0
//
// Sessions of the same similarity: the newer first, then the one of the larger subject handle, then the later in their
// history. Items without a score follow by popularity, with scores below 0. Every posting list is kept whole: when
// somebody is forgotten, an older session takes the place of theirs, and the answers are those of a model that never
// knew them, exactly.
struct session_knn_parameters {
  std::uint32_t recent_sessions = 500;      // m of the paper, 1 to 100000
  std::uint32_t neighbours = 100;           // k, 1 to 100000
  std::uint32_t last_items = 4;             // of the history that make the query, 1 to 100
  std::uint32_t maximum_session_items = 0;  // longer training sessions are left out of the index (robots, shared
                                            // accounts); 0: none is. The paper cuts at the 99.5 % quantile
  double inactivity_hours = 0;              // 0: a person's whole history is one session
  recommend::weighting weighting;           // decides which events count; their weights do not
};
BOOST_DESCRIBE_STRUCT(session_knn_parameters, (),
                      (recent_sessions, neighbours, last_items, maximum_session_items, inactivity_hours, weighting))
void check(const session_knn_parameters& parameters);

const family& session_knn_family();

}  // namespace eunomia::recommend
