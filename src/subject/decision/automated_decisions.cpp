#include "subject/decision/automated_decisions.h"

#include <fmt/format.h>

#include <array>

#include "core/error.h"
#include "core/json.h"
#include "core/time.h"
#include "core/utf8.h"
#include "subject/audit/plain_text.h"
#include "subject/in_runs.h"
#include "subject/rights/request_table.h"

namespace eunomia::subject {

namespace sql = store::sql;

namespace {

using core::errc;
using core::error;

constexpr std::array<sql::migration, 1> steps_of_the_schema = {{{"decision", 1, R"(
  CREATE TABLE automated_decision (
    id {id},
    subject BIGINT NOT NULL,
    made_at BIGINT NOT NULL,
    purpose {text} NOT NULL,
    content {text} NOT NULL       -- decision_content, sealed with the key of the subject
  );
  CREATE INDEX automated_decision_subject ON automated_decision (subject, id);
  CREATE INDEX automated_decision_purpose ON automated_decision (purpose, made_at);
  CREATE TABLE automated_decision_review (
    request BIGINT PRIMARY KEY,   -- of subject_request
    decision BIGINT NOT NULL,
    subject BIGINT NOT NULL,
    answered_at BIGINT NOT NULL,  -- 0: not yet
    content {text} NOT NULL       -- review_content, sealed with the key of the subject
  );
  CREATE INDEX automated_decision_review_decision ON automated_decision_review (decision);
  CREATE INDEX automated_decision_review_subject ON automated_decision_review (subject);
  CREATE INDEX automated_decision_review_waiting ON automated_decision_review (answered_at, request)
)"}}};

struct review_content {
  std::string statement;
  std::optional<review_answer> answer;
};
BOOST_DESCRIBE_STRUCT(review_content, (), (statement, answer))

// What sealed bytes belong to: beside the key, what stands in the clear in their row.
std::string place_of(std::int64_t made_at, std::string_view purpose) {
  return fmt::format("automated_decision.content {} {}", made_at, purpose);
}
std::string place_of_review(std::int64_t request) {
  return fmt::format("automated_decision_review.content {}", request);
}

// Nothing when the person has none any more: they were erased.
std::optional<core::secret_key> key_of(const vault& keys, sql::connection& in, core::subject_handle who) {
  data_keys found = keys.keys_of(in, {&who, 1});
  const auto key = found.find(who);
  return key == found.end() ? std::nullopt : std::optional(std::move(key->second));
}

core::secret_key require_key(const vault& keys, sql::connection& in, core::subject_handle who) {
  auto key = key_of(keys, in, who);
  if (!key) {
    throw error(errc::not_found, "the person was erased meanwhile");
  }
  return *std::move(key);
}

constexpr std::string_view columns_of_decisions = "id, subject, made_at, purpose, content";

automated_decision decision_of(const sql::row& r, const core::secret_key& key) {
  automated_decision found;
  found.id = r.int64(0);
  found.about = core::subject_handle(r.uint64(1));
  found.made_at = r.int64(2);
  found.purpose = r.text(3);
  found.content =
      core::read_json<decision_content>(unseal_text(key, r.text(4), place_of(found.made_at, found.purpose)));
  return found;
}

constexpr std::string_view reviews =
    "SELECT v.request, v.decision, r.requested_at, r.deadline, v.answered_at, v.content, v.subject "
    "FROM automated_decision_review v JOIN subject_request r ON r.id = v.request";

review_content content_of(const sql::row& r, std::size_t column, const core::secret_key& key, std::int64_t request) {
  return core::read_json<review_content>(unseal_text(key, r.text(column), place_of_review(request)));
}

decision_review review_of(const sql::row& r, const core::secret_key& key) {
  review_content content = content_of(r, 5, key, r.int64(0));
  return {r.int64(0), r.int64(1), r.int64(2), r.int64(3), std::move(content.statement), std::move(content.answer),
          r.int64(4)};
}

void check_words(std::string_view name, std::string_view words) {
  if (words.size() > automated_decisions::max_words_bytes || !core::is_utf8(words)) {
    throw error(errc::invalid_argument, fmt::format("{}: at most max_words_bytes = {} bytes of UTF-8, got {}", name,
                                                    automated_decisions::max_words_bytes, words.size()));
  }
}

void check_page(std::size_t limit) {
  if (limit == 0 || limit > automated_decisions::max_page) {
    throw error(errc::invalid_argument,
                fmt::format("limit: {} is not 1 to max_page = {}", limit, automated_decisions::max_page));
  }
}

}  // namespace

automated_decisions::automated_decisions(sql::database& in, const vault& keys) : sql_(in), keys_(keys) {
  sql_.migrate(request_table::migrations());
  sql_.migrate(steps_of_the_schema);
}

std::int64_t automated_decisions::keep(core::subject_handle about, const core::purpose& why,
                                       const decision_content& content) {
  const std::string text = core::write_json(content);
  if (text.size() > max_content_bytes) {
    throw error(errc::invalid_argument,
                fmt::format("the decision has {} bytes as JSON; at most max_content_bytes = {} are kept: ask for fewer "
                            "items or reasons",
                            text.size(), max_content_bytes));
  }
  return sql_.write([&](sql::transaction& in) {
    const core::secret_key key = require_key(keys_, in, about);
    const std::int64_t now = core::now_ms();
    return in
        .query_one(
            "INSERT INTO automated_decision (subject, made_at, purpose, content) "
            "VALUES (:subject, :made_at, :purpose, :content) RETURNING id",
            {{"subject", about},
             {"made_at", now},
             {"purpose", why.name()},
             {"content", seal_text(key, text, place_of(now, why.name()))}})[0]
        .int64(0);
  });
}

std::vector<automated_decision> automated_decisions::list(core::subject_handle about, std::int64_t before,
                                                          std::size_t limit) const {
  check_page(limit);
  std::vector<automated_decision> all;
  sql_.read([&](sql::connection& in) {
    all.clear();
    if (const auto key = key_of(keys_, in, about)) {
      in.each(fmt::format("SELECT {} FROM automated_decision WHERE subject = :subject AND id < :before "
                          "ORDER BY id DESC LIMIT CAST(:limit AS BIGINT)",
                          columns_of_decisions),
              {{"subject", about},
               {"before", before == 0 ? INT64_MAX : before},
               {"limit", static_cast<std::int64_t>(limit)}},
              [&](const sql::row& r) { all.push_back(decision_of(r, *key)); });
    }
  });
  return all;
}

std::vector<decision_review> automated_decisions::reviews_of(core::subject_handle who) const {
  std::vector<decision_review> all;
  sql_.read([&](sql::connection& in) {
    all.clear();
    if (const auto key = key_of(keys_, in, who)) {
      in.each(fmt::format("{} WHERE v.subject = :subject ORDER BY v.request", reviews), {{"subject", who}},
              [&](const sql::row& r) { all.push_back(review_of(r, *key)); });
    }
  });
  return all;
}

std::vector<decision_review> automated_decisions::waiting(std::size_t limit) const {
  check_page(limit);
  std::vector<decision_review> all;
  sql_.read([&](sql::connection& in) {
    all.clear();
    const sql::rows found =
        in.query(fmt::format("{} WHERE v.answered_at = 0 ORDER BY v.request LIMIT CAST(:limit AS BIGINT)", reviews),
                 {{"limit", static_cast<std::int64_t>(limit)}});
    for (const sql::row r : found) {
      if (const auto key = key_of(keys_, in, core::subject_handle(r.uint64(6)))) {
        all.push_back(review_of(r, *key));
      }
    }
  });
  return all;
}

automated_decisions::reviewed automated_decisions::find_review(std::int64_t request) const {
  return sql_.read([&](sql::connection& in) {
    const sql::rows found = in.query_one(fmt::format("{} WHERE v.request = :request", reviews), {{"request", request}});
    if (found.empty()) {
      throw error(errc::not_found, fmt::format("there is no review {}, or the person was erased", request));
    }
    const core::secret_key key = require_key(keys_, in, core::subject_handle(found[0].uint64(6)));
    decision_review review = review_of(found[0], key);
    const sql::rows decision =
        in.query_one(fmt::format("SELECT {} FROM automated_decision WHERE id = :id", columns_of_decisions),
                     {{"id", review.decision}});
    if (decision.empty()) {
      throw error(errc::corrupt, fmt::format("the decision {} of review {} is not there", review.decision, request));
    }
    return reviewed{decision_of(decision[0], key), std::move(review)};
  });
}

void automated_decisions::check_about(sql::connection& in, core::subject_handle who, std::int64_t decision) const {
  if (in.query_one("SELECT id FROM automated_decision WHERE id = :id AND subject = :subject",
                   {{"id", decision}, {"subject", who}})
          .empty()) {
    throw error(errc::not_found, fmt::format("decision: there is no {} about this person", decision));
  }
}

std::int64_t automated_decisions::waiting_of(sql::connection& in, std::int64_t decision) const {
  const sql::rows found =
      in.query_one("SELECT request FROM automated_decision_review WHERE decision = :decision AND answered_at = 0",
                   {{"decision", decision}});
  return found.empty() ? 0 : found[0].int64(0);
}

void automated_decisions::ask(sql::transaction& in, std::int64_t request, core::subject_handle who,
                              std::int64_t decision, std::string_view statement) {
  check_words("statement", statement);
  const core::secret_key key = require_key(keys_, in, who);
  const std::string content =
      seal_text(key, core::write_json(review_content{std::string(statement), {}}), place_of_review(request));
  if (waiting_of(in, decision) != request) {
    in.execute(
        "INSERT INTO automated_decision_review (request, decision, subject, answered_at, content) "
        "VALUES (:request, :decision, :subject, 0, :content)",
        {{"request", request}, {"decision", decision}, {"subject", who}, {"content", content}});
  } else if (!statement.empty()) {
    in.execute("UPDATE automated_decision_review SET content = :content WHERE request = :request",
               {{"content", content}, {"request", request}});
  }
}

automated_decisions::waiting_review automated_decisions::require_waiting(sql::connection& in,
                                                                         std::int64_t request) const {
  const sql::rows found =
      in.query_one("SELECT subject, answered_at, decision FROM automated_decision_review WHERE request = :request",
                   {{"request", request}});
  if (found.empty()) {
    throw error(errc::not_found, fmt::format("there is no review {}, or the person was erased", request));
  }
  if (found[0].int64(1) != 0) {
    throw error(errc::failed_precondition, fmt::format("review {} was answered", request));
  }
  return {core::subject_handle(found[0].uint64(0)), found[0].int64(2)};
}

void automated_decisions::answer(sql::transaction& in, std::int64_t request, const review_answer& given,
                                 std::int64_t now) {
  if (given.reviewer.empty() || given.reviewer.size() > max_reviewer_bytes || !is_plain_text(given.reviewer)) {
    throw error(errc::invalid_argument,
                fmt::format("reviewer: the person or the office that reviewed, 1 to max_reviewer_bytes = {} bytes of "
                            "UTF-8 without control characters",
                            max_reviewer_bytes));
  }
  if (given.reasons.empty()) {
    throw error(errc::invalid_argument, "reasons: tell the person why, in plain words; got nothing");
  }
  check_words("reasons", given.reasons);
  const core::secret_key key = require_key(keys_, in, require_waiting(in, request).who);
  const sql::rows before =
      in.query_one("SELECT content FROM automated_decision_review WHERE request = :request", {{"request", request}});
  review_content content = content_of(before[0], 0, key, request);
  content.answer = given;
  in.execute("UPDATE automated_decision_review SET content = :content, answered_at = :now WHERE request = :request",
             {{"content", seal_text(key, core::write_json(content), place_of_review(request))},
              {"now", now},
              {"request", request}});
}

std::uint64_t automated_decisions::count(sql::connection& in, std::span<const core::subject_handle> people) const {
  std::uint64_t rows = 0;
  in_runs(people, [&](sql::int64_list some) {
    for (const char* statement : {"SELECT count(*) FROM automated_decision WHERE subject IN {int64s:people}",
                                  "SELECT count(*) FROM automated_decision_review WHERE subject IN {int64s:people}"}) {
      rows += in.query_one(statement, {{"people", some}})[0].uint64(0);
    }
  });
  return rows;
}

std::uint64_t automated_decisions::erase(sql::transaction& in, std::span<const core::subject_handle> people) {
  std::uint64_t rows = 0;
  in_runs(people, [&](sql::int64_list some) {
    for (const char* statement : {"DELETE FROM automated_decision WHERE subject IN {int64s:people}",
                                  "DELETE FROM automated_decision_review WHERE subject IN {int64s:people}"}) {
      rows += in.execute(statement, {{"people", some}});
    }
  });
  return rows;
}

std::vector<std::string> automated_decisions::purposes(sql::connection& in) const {
  std::vector<std::string> all;
  in.each("SELECT DISTINCT purpose FROM automated_decision ORDER BY purpose", {},
          [&](const sql::row& r) { all.emplace_back(r.text(0)); });
  return all;
}

std::uint64_t automated_decisions::expire(sql::transaction& in, std::string_view purpose, std::int64_t before,
                                          std::span<const core::subject_handle> spared) {
  std::vector<std::int64_t> staying;
  staying.reserve(spared.size());
  for (const core::subject_handle who : spared) {
    staying.push_back(static_cast<std::int64_t>(who.value()));
  }
  const std::uint64_t decisions = in.execute(
      "DELETE FROM automated_decision WHERE purpose = :purpose AND made_at < :before "
      "AND id NOT IN (SELECT decision FROM automated_decision_review WHERE answered_at = 0) "
      "AND subject NOT IN {int64s:spared}",
      {{"purpose", purpose}, {"before", before}, {"spared", sql::int64_list(staying)}});
  return decisions + in.execute(
                         "DELETE FROM automated_decision_review "
                         "WHERE decision NOT IN (SELECT id FROM automated_decision)");
}

std::vector<core::subject_handle> automated_decisions::people(sql::connection& in) const {
  std::vector<core::subject_handle> all;
  in.each("SELECT DISTINCT subject FROM automated_decision ORDER BY subject", {},
          [&](const sql::row& r) { all.emplace_back(r.uint64(0)); });
  return all;
}

}  // namespace eunomia::subject
