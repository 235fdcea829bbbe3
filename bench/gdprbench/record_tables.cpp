#include "bench/gdprbench/record_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/error.h"

namespace eunomia::gdprbench {

namespace sql = store::sql;

namespace {

// Columns of metadata, in the order of text_attributes.
constexpr std::array<std::string_view, text_attributes.size()> text_columns = {"pur", "obj", "dec", "acl",
                                                                               "shr", "src", "cat"};
#define EUNOMIA_METADATA_COLUMNS "ttl, pur, obj, dec, acl, shr, src, cat"
#define EUNOMIA_METADATA_DEFINITION                                                                           \
  "ttl BIGINT NOT NULL, pur {text} NOT NULL, obj {text} NOT NULL, dec {text} NOT NULL, acl {text} NOT NULL, " \
  "shr {text} NOT NULL, src {text} NOT NULL, cat {text} NOT NULL"

constexpr sql::migration steps[] = {
    {"gdprbench", 1,
     "CREATE TABLE policy (id BIGINT PRIMARY KEY, " EUNOMIA_METADATA_DEFINITION ");"
     "CREATE TABLE personal_record (id BIGINT PRIMARY KEY, lookup {text} NOT NULL UNIQUE, "
     "subject BIGINT NOT NULL, collected_at BIGINT NOT NULL, sealed {text} NOT NULL, "
     "policy BIGINT NOT NULL);"
     "CREATE TABLE whole_record (id BIGINT PRIMARY KEY, lookup {text} NOT NULL UNIQUE, "
     "subject BIGINT NOT NULL, collected_at BIGINT NOT NULL, sealed {text} NOT NULL, " EUNOMIA_METADATA_DEFINITION
     ")"}};

std::shared_ptr<const metadata> read_metadata(const sql::row& row, std::size_t first) {
  auto means = std::make_shared<metadata>();
  means->time_to_live_s = row.int64(first);
  for (std::size_t i = 0; i < means->texts.size(); ++i) {
    means->texts[i] = split(row.text(first + 1 + i));
  }
  return means;
}

// Metadata as arguments, and what they view.
struct bound_metadata {
  explicit bound_metadata(const metadata& means) : ttl(means.time_to_live_s) {
    for (std::size_t i = 0; i < texts.size(); ++i) {
      texts[i] = joined(means.texts[i]);
    }
  }
  void add_to(std::vector<sql::argument>& arguments) const {
    arguments.emplace_back("ttl", ttl);
    for (std::size_t i = 0; i < texts.size(); ++i) {
      arguments.emplace_back(text_columns[i], texts[i]);
    }
  }

  std::int64_t ttl;
  std::array<std::string, text_attributes.size()> texts;
};

constexpr std::string_view assignments =
    "ttl = :ttl, pur = :pur, obj = :obj, dec = :dec, acl = :acl, shr = :shr, src = :src, cat = :cat";

}  // namespace

std::span<const sql::migration> record_tables::migrations() {
  return steps;
}

void record_tables::each_policy(
    sql::connection& in, const std::function<void(std::int64_t id, std::shared_ptr<const metadata>)>& visit) const {
  in.each("SELECT id, " EUNOMIA_METADATA_COLUMNS " FROM policy ORDER BY id", {},
          [&](const sql::row& row) { visit(row.int64(0), read_metadata(row, 1)); });
}

void record_tables::each_record(sql::connection& in, const std::function<void(const stored_record&)>& visit) const {
  const bool by_reference = how_ == layout::by_reference;
  in.each(by_reference ? "SELECT id, lookup, subject, collected_at, policy FROM personal_record ORDER BY id"
                       : "SELECT id, lookup, subject, collected_at, " EUNOMIA_METADATA_COLUMNS
                         " FROM whole_record ORDER BY id",
          {}, [&](const sql::row& row) {
            stored_record one{row.int64(0), row.text(1), core::subject_handle(row.uint64(2)), row.int64(3), 0, {}};
            if (by_reference) {
              one.policy = row.int64(4);
            } else {
              one.means = read_metadata(row, 4);
            }
            visit(one);
          });
}

void record_tables::insert(sql::transaction& in, std::span<const new_record> records) const {
  std::vector<std::int64_t> ids, subjects, times, numbers;
  std::vector<std::string_view> lookups, sealed;
  std::array<std::vector<std::string>, text_attributes.size()> texts;
  for (const new_record& one : records) {
    ids.push_back(one.id);
    lookups.push_back(one.lookup);
    subjects.push_back(static_cast<std::int64_t>(one.about.value()));
    times.push_back(one.collected_at);
    sealed.push_back(one.sealed);
    numbers.push_back(how_ == layout::by_reference ? one.policy : one.means->time_to_live_s);
    for (std::size_t i = 0; how_ == layout::materialised && i < texts.size(); ++i) {
      texts[i].push_back(joined(one.means->texts[i]));
    }
  }
  std::vector<sql::column> columns = {
      {"id", std::span<const std::int64_t>(ids)},
      {"lookup", std::span<const std::string_view>(lookups)},
      {"subject", std::span<const std::int64_t>(subjects)},
      {"collected_at", std::span<const std::int64_t>(times)},
      {"sealed", std::span<const std::string_view>(sealed)},
      {how_ == layout::by_reference ? "policy" : "ttl", std::span<const std::int64_t>(numbers)}};
  std::array<std::vector<std::string_view>, text_attributes.size()> views;
  for (std::size_t i = 0; how_ == layout::materialised && i < texts.size(); ++i) {
    views[i].assign(texts[i].begin(), texts[i].end());
    columns.push_back({text_columns[i], std::span<const std::string_view>(views[i])});
  }
  in.insert_many(table(), std::span<const sql::column>(columns));
}

std::string record_tables::sealed(sql::connection& in, std::int64_t id) const {
  const sql::rows found =
      in.query_one(how_ == layout::by_reference ? "SELECT sealed FROM personal_record WHERE id = :id"
                                                : "SELECT sealed FROM whole_record WHERE id = :id",
                   {{"id", id}});
  if (found.empty()) {
    throw core::error(core::errc::corrupt, fmt::format("{} has lost record {}; restore it from a backup", table(), id));
  }
  return std::string(found[0].text(0));
}

void record_tables::each_sealed(sql::connection& in, std::span<const std::int64_t> ids,
                                const std::function<void(std::int64_t id, std::string_view sealed)>& visit) const {
  in.each(how_ == layout::by_reference ? "SELECT id, sealed FROM personal_record WHERE id IN {int64s:ids}"
                                       : "SELECT id, sealed FROM whole_record WHERE id IN {int64s:ids}",
          {{"ids", ids}}, [&](const sql::row& row) { visit(row.int64(0), row.text(1)); });
}

bool record_tables::has(sql::connection& in, std::string_view lookup) const {
  return !in.query_one(how_ == layout::by_reference ? "SELECT id FROM personal_record WHERE lookup = :lookup"
                                                    : "SELECT id FROM whole_record WHERE lookup = :lookup",
                       {{"lookup", lookup}})
              .empty();
}

void record_tables::set_sealed(sql::transaction& in, std::int64_t id, core::subject_handle about,
                               std::string_view sealed) const {
  in.execute(how_ == layout::by_reference
                 ? "UPDATE personal_record SET subject = :subject, sealed = :sealed WHERE id = :id"
                 : "UPDATE whole_record SET subject = :subject, sealed = :sealed WHERE id = :id",
             {{"subject", about}, {"sealed", sealed}, {"id", id}});
}

void record_tables::set_metadata(sql::transaction& in, std::span<const std::int64_t> ids, std::int64_t policy,
                                 const metadata& means) const {
  if (how_ == layout::by_reference) {
    in.execute("UPDATE personal_record SET policy = :policy WHERE id IN {int64s:ids}",
               {{"policy", policy}, {"ids", ids}});
    return;
  }
  const bound_metadata bound(means);
  std::vector<sql::argument> arguments = {{"ids", ids}};
  bound.add_to(arguments);
  in.execute(fmt::format("UPDATE whole_record SET {} WHERE id IN {{int64s:ids}}", assignments), arguments);
}

void record_tables::set_attribute(sql::transaction& in, std::span<const std::int64_t> ids, attribute which,
                                  const metadata& means) const {
  if (which == attribute::time_to_live) {
    in.execute("UPDATE whole_record SET ttl = :ttl WHERE id IN {int64s:ids}",
               {{"ttl", means.time_to_live_s}, {"ids", ids}});
    return;
  }
  const std::size_t column =
      static_cast<std::size_t>(std::ranges::find(text_attributes, which) - text_attributes.begin());
  const std::string value = joined(means.texts.at(column));
  in.execute(fmt::format("UPDATE whole_record SET {} = :value WHERE id IN {{int64s:ids}}", text_columns.at(column)),
             {{"value", value}, {"ids", ids}});
}

std::uint64_t record_tables::erase(sql::transaction& in, std::span<const std::int64_t> ids) const {
  return in.execute(how_ == layout::by_reference ? "DELETE FROM personal_record WHERE id IN {int64s:ids}"
                                                 : "DELETE FROM whole_record WHERE id IN {int64s:ids}",
                    {{"ids", ids}});
}

void record_tables::insert_policy(sql::transaction& in, std::int64_t id, const metadata& means) const {
  const bound_metadata bound(means);
  std::vector<sql::argument> arguments = {{"id", id}};
  bound.add_to(arguments);
  in.execute("INSERT INTO policy (id, " EUNOMIA_METADATA_COLUMNS
             ") VALUES (:id, :ttl, :pur, :obj, :dec, :acl, :shr, :src, :cat)",
             arguments);
}

void record_tables::redefine_policy(sql::transaction& in, std::int64_t id, const metadata& means) const {
  const bound_metadata bound(means);
  std::vector<sql::argument> arguments = {{"id", id}};
  bound.add_to(arguments);
  in.execute(fmt::format("UPDATE policy SET {} WHERE id = :id", assignments), arguments);
}

void record_tables::erase_policy(sql::transaction& in, std::int64_t id) const {
  in.execute("DELETE FROM policy WHERE id = :id", {{"id", id}});
}

}  // namespace eunomia::gdprbench
