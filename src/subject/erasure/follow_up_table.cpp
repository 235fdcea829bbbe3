#include "subject/erasure/follow_up_table.h"

#include <algorithm>
#include <array>

#include "core/time.h"

namespace eunomia::subject::follow_up_table {

namespace sql = store::sql;

namespace {

// Erasures that were certified before there were follow-ups wait for one too; of theirs only the text of the steps says
// by when, so that their own deadline stands for it.
constexpr std::array<sql::migration, 1> steps_of_the_schema = {{{"rights-follow-up", 1, R"(
  CREATE TABLE subject_follow_up (
    request BIGINT PRIMARY KEY,
    due BIGINT NOT NULL,
    settled_at BIGINT NOT NULL,  -- 0: not yet
    certificate {text} NOT NULL
  );
  CREATE INDEX subject_follow_up_waiting ON subject_follow_up (settled_at);
  INSERT INTO subject_follow_up (request, due, settled_at, certificate)
    SELECT id, deadline, 0, '' FROM subject_request WHERE certificate <> '' AND steps LIKE '%"until"%'
)"}}};

// Not those of which a kill left the completion to be done.
#define EUNOMIA_WAITING \
  " FROM subject_follow_up JOIN subject_request ON id = request WHERE settled_at = 0 AND completed_at <> 0"

}  // namespace

std::span<const sql::migration> migrations() {
  return steps_of_the_schema;
}

void expect(sql::transaction& in, std::int64_t request, std::span<const certificate_step> steps) {
  std::int64_t due = 0;
  for (const certificate_step& step : steps) {
    if (step.until) {
      due = std::max(due, core::parse_iso8601(*step.until));
    }
  }
  if (due != 0) {
    in.execute("INSERT INTO subject_follow_up (request, due, settled_at, certificate) VALUES (:request, :due, 0, '')",
               {{"request", request}, {"due", due}});
  }
}

std::vector<waiting> all_waiting(sql::connection& in) {
  std::vector<waiting> all;
  in.each("SELECT request, due" EUNOMIA_WAITING " ORDER BY request", {}, [&](const sql::row& r) {
    all.push_back({r.int64(0), r.int64(1)});
  });
  return all;
}

bool any_waiting(sql::connection& in) {
  return !in.query("SELECT request" EUNOMIA_WAITING " LIMIT 1").empty();
}

void keep(sql::transaction& in, std::int64_t request, std::string_view certificate, std::int64_t now) {
  in.execute("UPDATE subject_follow_up SET settled_at = :now, certificate = :certificate WHERE request = :request",
             {{"now", now}, {"certificate", certificate}, {"request", request}});
}

std::string certificate_of(sql::connection& in, std::int64_t request) {
  const auto found =
      in.query("SELECT certificate FROM subject_follow_up WHERE request = :request", {{"request", request}});
  return found.empty() ? std::string() : std::string(found[0].text(0));
}

}  // namespace eunomia::subject::follow_up_table
