#include "subject/rights/request_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/error.h"
#include "core/json.h"
#include "core/subject_handles.h"

namespace eunomia::subject::request_table {

namespace sql = store::sql;

namespace {

constexpr std::array<sql::migration, 2> steps_of_the_schema = {{{"rights", 1, R"(
  CREATE TABLE subject_request (
    id {id},
    asked {text} NOT NULL,         -- certified_right
    requested_at BIGINT NOT NULL,
    deadline BIGINT NOT NULL,
    completed_at BIGINT NOT NULL,  -- 0: not yet
    requested_by {text} NOT NULL,
    people BIGINT NOT NULL,
    handles {text} NOT NULL,       -- JSON; emptied when nothing is left of them
    case_key BIGINT NOT NULL,      -- the handle whose data key seals the traces; 0 when the case is closed
    traces {text} NOT NULL,
    looked BIGINT NOT NULL,
    steps {text} NOT NULL,         -- JSON of certificate_step
    attempts BIGINT NOT NULL,
    obstacle {text} NOT NULL,
    certificate {text} NOT NULL
  );
  CREATE INDEX subject_request_open ON subject_request (completed_at, asked)
)"},
                                                                {"rights", 2, R"(
  ALTER TABLE subject_request ADD COLUMN dismissed {text} NOT NULL DEFAULT '[]'  -- JSON of dismissed_find
)"}}};

constexpr const char* columns =
    "id, asked, requested_at, deadline, completed_at, requested_by, people, steps, attempts, obstacle, certificate <> "
    "'', dismissed";
constexpr const char* columns_of_a_case =
    "id, requested_at, deadline, people, handles, case_key, traces, looked, steps, attempts, dismissed";

// As in JSON, without the quotation marks.
std::string name_of(certified_right right) {
  const std::string quoted = core::write_json(right);
  return quoted.substr(1, quoted.size() - 2);
}

certified_right right_named(std::string_view name) {
  return core::read_json<certified_right>(fmt::format("\"{}\"", name));
}

rights_request request_of(const sql::row& r) {
  rights_request found;
  found.id = r.int64(0);
  found.right = right_named(r.text(1));
  found.requested_at = r.int64(2);
  found.deadline = r.int64(3);
  found.completed_at = r.int64(4);
  found.requested_by = r.text(5);
  found.people = r.uint64(6);
  found.steps = core::read_json<std::vector<certificate_step>>(r.text(7));
  found.attempts = static_cast<std::uint32_t>(r.uint64(8));
  found.obstacle = r.text(9);
  found.certified = r.int64(10) != 0;
  found.dismissed = core::read_json<std::vector<dismissed_find>>(r.text(11));
  return found;
}

std::vector<core::subject_handle> handles_of(std::string_view json) {
  std::vector<core::subject_handle> handles;
  for (const std::uint64_t handle : core::read_json<std::vector<std::uint64_t>>(json)) {
    handles.emplace_back(handle);
  }
  return handles;
}

open_case case_of(const sql::row& r) {
  open_case found;
  found.id = r.int64(0);
  found.requested_at = r.int64(1);
  found.deadline = r.int64(2);
  found.people_asked = r.uint64(3);
  found.people = handles_of(r.text(4));
  found.key = core::subject_handle(r.uint64(5));
  found.traces = r.text(6);
  found.looked = r.int64(7) != 0;
  found.steps = core::read_json<std::vector<certificate_step>>(r.text(8));
  found.attempts = static_cast<std::uint32_t>(r.uint64(9));
  found.dismissed = core::read_json<std::vector<dismissed_find>>(r.text(10));
  return found;
}

std::string json_of(std::span<const core::subject_handle> handles) {
  std::vector<std::uint64_t> numbers;
  numbers.reserve(handles.size());
  for (const core::subject_handle handle : handles) {
    numbers.push_back(handle.value());
  }
  return core::write_json(numbers);
}

std::string json_of(std::span<const certificate_step> steps) {
  return core::write_json(std::vector<certificate_step>(steps.begin(), steps.end()));
}

}  // namespace

std::span<const sql::migration> migrations() {
  return steps_of_the_schema;
}

std::int64_t insert(sql::transaction& in, const rights_request& made, const open_case& of) {
  return in
      .query_one(
          "INSERT INTO subject_request (asked, requested_at, deadline, completed_at, requested_by, people, handles, "
          "case_key, traces, looked, steps, attempts, obstacle, certificate) VALUES (:asked, :requested_at, :deadline, "
          "0, "
          ":requested_by, :people, :handles, :case_key, :traces, 0, :steps, 0, '', '') RETURNING id",
          {{"asked", name_of(made.right)},
           {"requested_at", made.requested_at},
           {"deadline", made.deadline},
           {"requested_by", made.requested_by},
           {"people", made.people},
           {"handles", json_of(of.people)},
           {"case_key", of.key},
           {"traces", of.traces},
           {"steps", json_of(made.steps)}})[0]
      .int64(0);
}

std::optional<rights_request> find_open(sql::connection& in, certified_right of, core::subject_handle who) {
  const auto found =
      in.query_one(fmt::format("SELECT {} FROM subject_request WHERE completed_at = 0 AND asked = :asked "
                               "AND handles = :handles ORDER BY id LIMIT 1",
                               columns),
                   {{"asked", name_of(of)}, {"handles", json_of(std::span(&who, 1))}});
  return found.empty() ? std::nullopt : std::optional(request_of(found[0]));
}

std::vector<core::subject_handle> people_waiting(sql::connection& in) {
  std::vector<core::subject_handle> people;
  in.each("SELECT handles FROM subject_request WHERE completed_at = 0", {}, [&](const sql::row& r) {
    const auto some = handles_of(r.text(0));
    people.insert(people.end(), some.begin(), some.end());
  });
  core::sort_and_unite(people);
  return people;
}

void end_for(sql::transaction& in, std::span<const core::subject_handle> gone, std::int64_t now) {
  // Few wait: nearly all are granted when they come.
  std::vector<std::int64_t> ended;
  in.each("SELECT id, handles FROM subject_request WHERE completed_at = 0 AND asked <> :erasure",
          {{"erasure", name_of(certified_right::erasure)}}, [&](const sql::row& r) {
            const auto people = handles_of(r.text(1));
            if (std::ranges::any_of(people,
                                    [&](core::subject_handle who) { return std::ranges::binary_search(gone, who); })) {
              ended.push_back(r.int64(0));
            }
          });
  for (const std::int64_t id : ended) {
    in.execute(
        "UPDATE subject_request SET handles = '[]', completed_at = :now, obstacle = 'the person was erased before it "
        "was "
        "granted' WHERE id = :id",
        {{"now", now}, {"id", id}});
  }
}

std::vector<open_case> open_cases(sql::connection& in, certified_right of) {
  std::vector<open_case> all;
  in.each(fmt::format("SELECT {} FROM subject_request WHERE completed_at = 0 AND asked = :asked ORDER BY id",
                      columns_of_a_case),
          {{"asked", name_of(of)}}, [&](const sql::row& r) { all.push_back(case_of(r)); });
  return all;
}

open_case find_case(sql::connection& in, certified_right of, std::int64_t id) {
  const rights_request known = find(in, id);
  if (known.right != of) {
    throw core::error(core::errc::failed_precondition,
                      fmt::format("request {} is one of {}, not of {}", id, name_of(known.right), name_of(of)));
  }
  if (known.completed_at != 0 || known.certified) {
    throw core::error(core::errc::failed_precondition, fmt::format("request {} is completed", id));
  }
  return case_of(
      in.query_one(fmt::format("SELECT {} FROM subject_request WHERE id = :id", columns_of_a_case), {{"id", id}})[0]);
}

std::optional<std::int64_t> oldest_open(sql::connection& in, certified_right of) {
  const auto oldest = in.query_one(
      "SELECT count(*), coalesce(min(requested_at), 0) FROM subject_request WHERE completed_at = 0 AND asked = :asked",
      {{"asked", name_of(of)}});
  return oldest[0].int64(0) == 0 ? std::nullopt : std::optional(oldest[0].int64(1));
}

void keep_steps(sql::transaction& in, std::int64_t id, std::span<const certificate_step> steps, bool looked) {
  in.execute("UPDATE subject_request SET looked = :looked, steps = :steps WHERE id = :id",
             {{"looked", looked ? 1 : 0}, {"steps", json_of(steps)}, {"id", id}});
}

void keep_obstacle(sql::transaction& in, std::int64_t id, std::string_view obstacle) {
  // What was completed by a commit whose answer was lost, or ended by an erasure, has nothing in its way.
  in.execute(
      "UPDATE subject_request SET attempts = attempts + 1, obstacle = :obstacle WHERE id = :id AND completed_at = 0",
      {{"obstacle", obstacle}, {"id", id}});
}

void keep_dismissed(sql::transaction& in, std::int64_t id, std::span<const dismissed_find> all) {
  in.execute("UPDATE subject_request SET dismissed = :dismissed WHERE id = :id",
             {{"dismissed", core::write_json(std::vector<dismissed_find>(all.begin(), all.end()))}, {"id", id}});
}

void close(sql::transaction& in, std::int64_t id, std::span<const certificate_step> steps,
           std::string_view certificate) {
  in.execute(
      "UPDATE subject_request SET handles = '[]', case_key = 0, traces = '', steps = :steps, obstacle = '', "
      "certificate = :certificate WHERE id = :id",
      {{"steps", json_of(steps)}, {"certificate", certificate}, {"id", id}});
}

void complete(sql::transaction& in, std::int64_t id, std::int64_t now) {
  in.execute("UPDATE subject_request SET completed_at = :now WHERE id = :id", {{"now", now}, {"id", id}});
}

rights_request find(sql::connection& in, std::int64_t id) {
  const auto found = in.query_one(fmt::format("SELECT {} FROM subject_request WHERE id = :id", columns), {{"id", id}});
  if (found.empty()) {
    throw core::error(core::errc::not_found, fmt::format("there is no request {}", id));
  }
  return request_of(found[0]);
}

std::vector<rights_request> list(sql::connection& in, std::int64_t before, std::size_t limit) {
  std::vector<rights_request> all;
  in.each(fmt::format("SELECT {} FROM subject_request WHERE id < :before ORDER BY id DESC LIMIT CAST(:limit AS BIGINT)",
                      columns),
          {{"before", before == 0 ? INT64_MAX : before}, {"limit", static_cast<std::int64_t>(limit)}},
          [&](const sql::row& r) { all.push_back(request_of(r)); });
  return all;
}

std::string certificate_of(sql::connection& in, std::int64_t id) {
  const auto found = in.query_one("SELECT certificate, completed_at FROM subject_request WHERE id = :id", {{"id", id}});
  if (found.empty()) {
    throw core::error(core::errc::not_found, fmt::format("there is no request {}", id));
  }
  if (found[0].int64(1) == 0) {
    throw core::error(core::errc::failed_precondition,
                      fmt::format("request {} is not completed; there is nothing to certify yet", id));
  }
  if (found[0].text(0).empty()) {
    throw core::error(core::errc::failed_precondition,
                      fmt::format("request {} was ended and not granted: there is nothing to certify", id));
  }
  return std::string(found[0].text(0));
}

}  // namespace eunomia::subject::request_table
