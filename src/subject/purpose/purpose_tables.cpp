#include "subject/purpose/purpose_tables.h"

#include <algorithm>
#include <array>

#include "core/error.h"
#include "subject/in_runs.h"

namespace eunomia::subject::purpose_tables {

namespace sql = store::sql;

namespace {

constexpr std::string_view version_1 = R"(
CREATE TABLE purpose_definition (
  name {text} NOT NULL,
  version BIGINT NOT NULL,
  lawful_basis {text} NOT NULL,
  special_categories {text},
  retention_days BIGINT,
  notice {text} NOT NULL,
  created_at BIGINT NOT NULL,
  changed_at BIGINT NOT NULL,
  PRIMARY KEY (name, version)
);
CREATE TABLE purpose_choice (
  subject BIGINT NOT NULL,
  purpose {text} NOT NULL,
  kind {text} NOT NULL,
  stands BIGINT NOT NULL,
  chosen_at BIGINT NOT NULL,
  PRIMARY KEY (subject, purpose, kind)
);
CREATE TABLE purpose_restriction (
  subject BIGINT NOT NULL PRIMARY KEY,
  stands BIGINT NOT NULL,
  chosen_at BIGINT NOT NULL
);
CREATE TABLE purpose_choice_evidence (
  id {id},
  subject BIGINT NOT NULL,
  purpose {text},
  choice {text} NOT NULL,
  chosen_at BIGINT NOT NULL,
  purpose_version BIGINT
);
CREATE INDEX purpose_choice_evidence_of ON purpose_choice_evidence (subject, id);
CREATE TABLE purpose_decision (
  id {id},
  collected_for {text} NOT NULL,
  wanted {text} NOT NULL,
  decided_by {text} NOT NULL,
  reasoning {text} NOT NULL,
  decided_at BIGINT NOT NULL
)
)";

constexpr std::string_view definition_columns =
    "name, version, lawful_basis, special_categories, retention_days, notice, created_at, changed_at";

purpose_definition definition_in(const sql::row& r) {
  purpose_definition read{.name = core::purpose(std::string(r.text(0)))};
  read.version = r.int64(1);
  read.basis = lawful_basis_named(r.text(2));
  if (const auto letter = r.optional_text(3)) {
    read.special_categories = special_category_basis_of(*letter);
  }
  read.retention_days = r.optional_int64(4);
  read.notice = r.text(5);
  read.created_at = r.int64(6);
  read.changed_at = r.int64(7);
  return read;
}

choice_kind kind_named(std::string_view name) {
  for (const choice_kind kind : {choice_kind::consent, choice_kind::objection, choice_kind::restriction}) {
    if (name == name_of(kind)) {
      return kind;
    }
  }
  throw core::error(core::errc::corrupt, "purpose_choice holds a kind of choice that there is not");
}

std::optional<core::purpose> purpose_in(const std::optional<std::string_view>& name) {
  return name ? std::optional(core::purpose(std::string(*name))) : std::nullopt;
}

core::subject_handle subject_in(const sql::row& r, std::size_t column) {
  return core::subject_handle(r.uint64(column));
}

std::optional<std::string_view> name_in(const std::optional<core::purpose>& about) {
  return about ? std::optional(std::string_view(about->name())) : std::nullopt;
}

}  // namespace

std::span<const sql::migration> migrations() {
  static constexpr std::array<sql::migration, 1> steps = {{{"purpose", 1, version_1}}};
  return steps;
}

void insert(sql::transaction& in, const purpose_definition& version) {
  const char letter = version.special_categories ? static_cast<char>(*version.special_categories) : '\0';
  const auto special = version.special_categories ? std::optional(std::string_view(&letter, 1)) : std::nullopt;
  in.execute(
      "INSERT INTO purpose_definition (name, version, lawful_basis, special_categories, retention_days, notice,"
      " created_at, changed_at) VALUES (:name, :version, :lawful_basis, :special_categories, :retention_days, :notice,"
      " :created_at, :changed_at)",
      {{"name", version.name.name()},
       {"version", version.version},
       {"lawful_basis", name_of(version.basis)},
       {"special_categories", special},
       {"retention_days", version.retention_days},
       {"notice", version.notice},
       {"created_at", version.created_at},
       {"changed_at", version.changed_at}});
}

std::vector<purpose_definition> definitions(sql::connection& in) {
  std::vector<purpose_definition> all;
  in.each("SELECT " + std::string(definition_columns) +
              " FROM purpose_definition p WHERE version ="
              " (SELECT MAX(version) FROM purpose_definition q WHERE q.name = p.name) ORDER BY name",
          {}, [&](const sql::row& r) { all.push_back(definition_in(r)); });
  return all;
}

std::optional<purpose_definition> definition_of(sql::connection& in, std::string_view name) {
  const auto found = in.query_one("SELECT " + std::string(definition_columns) +
                                      " FROM purpose_definition WHERE name = :name ORDER BY version DESC LIMIT 1",
                                  {{"name", name}});
  return found.empty() ? std::nullopt : std::optional(definition_in(found[0]));
}

std::optional<bool> standing(sql::connection& in, core::subject_handle who, const std::optional<core::purpose>& about,
                             choice_kind kind) {
  const auto found =
      about ? in.query_one(
                  "SELECT stands FROM purpose_choice WHERE subject = :subject AND purpose = :purpose AND kind = :kind",
                  {{"subject", who}, {"purpose", about->name()}, {"kind", name_of(kind)}})
            : in.query_one("SELECT stands FROM purpose_restriction WHERE subject = :subject", {{"subject", who}});
  return found.empty() ? std::nullopt : std::optional(found[0].int64(0) != 0);
}

void put(sql::transaction& in, core::subject_handle who, const standing_choice& now) {
  if (!now.about) {
    in.execute(
        "INSERT INTO purpose_restriction (subject, stands, chosen_at) VALUES (:subject, :stands, :chosen_at)"
        " ON CONFLICT (subject) DO UPDATE SET stands = excluded.stands, chosen_at = excluded.chosen_at",
        {{"subject", who}, {"stands", now.stands ? 1 : 0}, {"chosen_at", now.chosen_at}});
    return;
  }
  in.execute(
      "INSERT INTO purpose_choice (subject, purpose, kind, stands, chosen_at)"
      " VALUES (:subject, :purpose, :kind, :stands, :chosen_at)"
      " ON CONFLICT (subject, purpose, kind) DO UPDATE SET stands = excluded.stands, chosen_at = excluded.chosen_at",
      {{"subject", who},
       {"purpose", now.about->name()},
       {"kind", name_of(now.kind)},
       {"stands", now.stands ? 1 : 0},
       {"chosen_at", now.chosen_at}});
}

std::vector<standing_choice> choices_of(sql::connection& in, core::subject_handle who) {
  std::vector<standing_choice> all;
  in.each("SELECT stands, chosen_at FROM purpose_restriction WHERE subject = :subject", {{"subject", who}},
          [&](const sql::row& r) {
            all.push_back({std::nullopt, choice_kind::restriction, r.int64(0) != 0, r.int64(1)});
          });
  in.each("SELECT purpose, kind, stands, chosen_at FROM purpose_choice WHERE subject = :subject ORDER BY purpose, kind",
          {{"subject", who}}, [&](const sql::row& r) {
            all.push_back({purpose_in(r.text(0)), kind_named(r.text(1)), r.int64(2) != 0, r.int64(3)});
          });
  return all;
}

void each_standing(sql::connection& in, const stands_visitor& visit) {
  in.each("SELECT subject FROM purpose_restriction WHERE stands = 1", {},
          [&](const sql::row& r) { visit(subject_in(r, 0), {}, choice_kind::restriction); });
  in.each("SELECT subject, purpose, kind FROM purpose_choice WHERE stands = 1", {},
          [&](const sql::row& r) { visit(subject_in(r, 0), r.text(1), kind_named(r.text(2))); });
}

std::vector<core::subject_handle> people_who_refused(sql::connection& in, const core::purpose& about) {
  std::vector<core::subject_handle> people;
  in.each("SELECT subject FROM purpose_restriction WHERE stands = 1", {},
          [&](const sql::row& r) { people.push_back(subject_in(r, 0)); });
  in.each(
      "SELECT subject FROM purpose_choice WHERE purpose = :purpose AND "
      "((kind <> :consent AND stands = 1) OR (kind = :consent AND stands = 0))",
      {{"purpose", about.name()}, {"consent", name_of(choice_kind::consent)}},
      [&](const sql::row& r) { people.push_back(subject_in(r, 0)); });
  return people;
}

void each_standing_for(sql::connection& in, const core::purpose& about, const stands_visitor& visit) {
  in.each("SELECT subject FROM purpose_restriction WHERE stands = 1", {},
          [&](const sql::row& r) { visit(subject_in(r, 0), {}, choice_kind::restriction); });
  in.each("SELECT subject, kind FROM purpose_choice WHERE stands = 1 AND purpose = :purpose",
          {{"purpose", about.name()}},
          [&](const sql::row& r) { visit(subject_in(r, 0), about.name(), kind_named(r.text(1))); });
}

void each_standing_of(sql::connection& in, std::span<const core::subject_handle> people, const stands_visitor& visit) {
  in_runs(people, [&](sql::int64_list some) {
    in.each("SELECT subject FROM purpose_restriction WHERE stands = 1 AND subject IN {int64s:people}",
            {{"people", some}}, [&](const sql::row& r) { visit(subject_in(r, 0), {}, choice_kind::restriction); });
    in.each("SELECT subject, purpose, kind FROM purpose_choice WHERE stands = 1 AND subject IN {int64s:people}",
            {{"people", some}}, [&](const sql::row& r) { visit(subject_in(r, 0), r.text(1), kind_named(r.text(2))); });
  });
}

void insert(sql::transaction& in, core::subject_handle who, const choice_evidence& told) {
  in.execute(
      "INSERT INTO purpose_choice_evidence (subject, purpose, choice, chosen_at, purpose_version)"
      " VALUES (:subject, :purpose, :choice, :chosen_at, :purpose_version)",
      {{"subject", who},
       {"purpose", name_in(told.about)},
       {"choice", name_of(told.made)},
       {"chosen_at", told.chosen_at},
       {"purpose_version", told.purpose_version}});
}

std::uint64_t count_evidence(sql::connection& in, core::subject_handle who) {
  return in.query_one("SELECT count(*) FROM purpose_choice_evidence WHERE subject = :subject", {{"subject", who}})[0]
      .uint64(0);
}

std::optional<std::int64_t> last_version_told(sql::connection& in, core::subject_handle who,
                                              const std::optional<core::purpose>& about, choice made) {
  if (!about) {
    return std::nullopt;
  }
  const auto found = in.query_one(
      "SELECT purpose_version FROM purpose_choice_evidence WHERE subject = :subject AND purpose = :purpose"
      " AND choice = :choice ORDER BY id DESC LIMIT 1",
      {{"subject", who}, {"purpose", about->name()}, {"choice", name_of(made)}});
  return found.empty() ? std::nullopt : found[0].optional_int64(0);
}

std::vector<choice_evidence> evidence_of(sql::connection& in, core::subject_handle who) {
  std::vector<choice_evidence> all;
  in.each(
      "SELECT purpose, choice, chosen_at, purpose_version FROM purpose_choice_evidence WHERE subject = :subject"
      " ORDER BY id",
      {{"subject", who}}, [&](const sql::row& r) {
        all.push_back({purpose_in(r.optional_text(0)), choice_named(r.text(1)), r.int64(2), r.optional_int64(3)});
      });
  return all;
}

std::uint64_t erase(sql::transaction& in, std::span<const core::subject_handle> people) {
  std::uint64_t rows = 0;
  in_runs(people, [&](sql::int64_list some) {
    for (const char* statement : {"DELETE FROM purpose_choice WHERE subject IN {int64s:people}",
                                  "DELETE FROM purpose_restriction WHERE subject IN {int64s:people}",
                                  "DELETE FROM purpose_choice_evidence WHERE subject IN {int64s:people}"}) {
      rows += in.execute(statement, {{"people", some}});
    }
  });
  return rows;
}

void insert(sql::transaction& in, const compatibility_decision& made) {
  in.execute(
      "INSERT INTO purpose_decision (collected_for, wanted, decided_by, reasoning, decided_at)"
      " VALUES (:collected_for, :wanted, :decided_by, :reasoning, :decided_at)",
      {{"collected_for", made.collected_for.name()},
       {"wanted", made.wanted.name()},
       {"decided_by", made.decided_by},
       {"reasoning", made.reasoning},
       {"decided_at", made.decided_at}});
}

std::vector<compatibility_decision> decisions(sql::connection& in) {
  std::vector<compatibility_decision> all;
  in.each("SELECT id, collected_for, wanted, decided_by, reasoning, decided_at FROM purpose_decision ORDER BY id", {},
          [&](const sql::row& r) {
            all.push_back({r.int64(0), core::purpose(std::string(r.text(1))), core::purpose(std::string(r.text(2))),
                           std::string(r.text(3)), std::string(r.text(4)), r.int64(5)});
          });
  return all;
}

}  // namespace eunomia::subject::purpose_tables
