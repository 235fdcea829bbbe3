#pragma once

#include <string>

#include "core/purpose.h"
#include "core/thread_pool.h"
#include "recommend/answering.h"
#include "recommend/background.h"
#include "recommend/dataset.h"
#include "recommend/recommenders.h"
#include "subject/directory.h"
#include "subject/erasure/erasures.h"
#include "subject/rights/desk.h"
#include "wire/http/route.h"
#include "wire/recombee/database.h"
#include "wire/recombee/definitions.h"
#include "wire/recombee/given_lists.h"
#include "wire/recombee/models.h"

namespace eunomia::wire::recombee {

// What Recombee's requests translate to. All outlive them.
struct house {
  const definitions& made;
  databases& open;
  given_lists& given;
  models& answers;
  recommend::datasets& datasets;
  recommend::recommenders& recommenders;
  recommend::background& background;
  recommend::answering& answering;
  subject::durable_directory& people;
  subject::erasures& erasures;
  subject::rights_desk& desk;
  core::thread_pool& forget_pool;  // for the moment in which people leave what answers
  core::thread_pool& work_pool;
  core::purpose purpose;  // what personal rows are read for
  std::string user_space;
};

// Who may call what: a token of a shop's frontend tells what people do and asks; one of an engineer's also changes what
// there is, and deletes.
inline http::access builders() {
  return http::access::roles(http::role::engineer);
}
inline http::access callers() {
  return http::access::roles(http::role::engineer, http::role::service);
}

}  // namespace eunomia::wire::recombee
