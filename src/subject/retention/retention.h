#pragma once

#include <boost/describe.hpp>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "store/sql/database.h"
#include "subject/audit/audit_log.h"
#include "subject/audit/certificate.h"
#include "subject/custody/custodian.h"
#include "subject/directory.h"
#include "subject/erasure/erasures.h"
#include "subject/purpose/purposes.h"
#include "subject/retention/rules.h"

// Retention (Art. 5(1)(e)): what is past the time that its purposes give it leaves, and a report says what did.
//
//   1. every custodian takes out the rows that are past their time, and what was learned from them;
//   2. who is then in nobody's keeping, chose nothing that is to be remembered and waits for nothing, is erased by the
//      path of any erasure (erasures.h): with a request, verified on the disk, certified.
//
// A kill at any moment is answered by the next run, which does all of it again. What stands in the way is kept with the
// report; the rest is done.
namespace eunomia::subject {

struct purpose_kept {
  std::string purpose;
  std::int64_t days = 0;
};
BOOST_DESCRIBE_STRUCT(purpose_kept, (), (purpose, days))

struct retention_report {
  std::int64_t id = 0;        // from 1
  std::int64_t began_at = 0;  // UTC ms
  std::int64_t ended_at = 0;  // 0: under way, or interrupted
  std::string started_by;     // actor::text()
  std::vector<purpose_kept> rules;
  std::vector<certificate_step> steps;
  std::uint64_t people = 0;            // of whom nothing was left
  std::vector<std::int64_t> erasures;  // the requests to erase these
  std::string obstacle;                // what stood in the way; empty: nothing
};

// All outlive it.
struct retention_house {
  store::sql::database& sql;
  const durable_directory& people;
  const subject::purposes& purposes;
  audit_log& audit;
  const custodians& all;
  subject::erasures& erasures;
};

// Any thread.
class retention {
 public:
  // Brings the schema up to date.
  explicit retention(retention_house in);

  // Takes out what is past its time now, and begins the erasures of who is left with nothing: erasures::finish() ends
  // them. Throws what stood in the way, after it was kept with the report; errc::cancelled.
  retention_report run(const actor& by, const custody_context& with);

  // Whether some purpose keeps data for a time only, and nothing has been taken out completely since `since`, UTC ms.
  bool due(std::int64_t since) const;

  // Newest first, ids below before (0: from the newest). limit: 1 to max_audit_page, else errc::invalid_argument.
  std::vector<retention_report> list(std::int64_t before, std::size_t limit) const;
  // errc::not_found.
  retention_report find(std::int64_t id) const;

 private:
  retention_rules rules(std::int64_t now_ms) const;
  retention_report begin(const retention_rules& by_rules, const actor& by);
  void expire(const retention_rules& by_rules, const custody_context& with, retention_report& report);
  void erase_who_is_left_with_nothing(const retention_rules& by_rules, const custody_context& with,
                                      retention_report& report);
  void end(retention_report& report, const actor& by);

  retention_house house_;
  std::mutex running_;  // held by run()
};

}  // namespace eunomia::subject
