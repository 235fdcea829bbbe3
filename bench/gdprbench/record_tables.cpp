#include "bench/gdprbench/record_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "core/error.h"

namespace eunomia::gdprbench {

namespace sql = store::sql;

namespace {

// Columns of metadata, in the order of text_attributes.
constexpr std::array<std::string_view, text_attributes.size()> text_columns = {"pur", "obj", "dec", "acl",
                                                                               "shr", "src", "cat"};
#define EUNOMIA_METADATA_COLUMNS "ttl, pur, obj, dec, acl, shr, src, cat"

constexpr sql::migration steps[] = {
    {"gdprbench", 1,
     "CREATE TABLE policy (id BIGINT PRIMARY KEY, ttl BIGINT NOT NULL, pur {text} NOT NULL, obj {text} NOT NULL, "
     "dec {text} NOT NULL, acl {text} NOT NULL, shr {text} NOT NULL, src {text} NOT NULL, cat {text} NOT NULL);"
     "CREATE TABLE personal_record (id BIGINT PRIMARY KEY, lookup {text} NOT NULL UNIQUE, "
     "subject BIGINT NOT NULL, collected_at BIGINT NOT NULL, sealed {text} NOT NULL, policy BIGINT NOT NULL);"
     "CREATE TABLE saved_frame (single BIGINT PRIMARY KEY CHECK (single = 1), number BIGINT NOT NULL);"
     "INSERT INTO saved_frame (single, number) VALUES (1, 0)"}};

std::shared_ptr<const metadata> read_metadata(const sql::row& row, std::size_t first) {
  auto means = std::make_shared<metadata>();
  means->time_to_live_s = row.int64(first);
  for (std::size_t i = 0; i < means->texts.size(); ++i) {
    means->texts[i] = split(row.text(first + 1 + i));
  }
  return means;
}

}  // namespace

std::span<const sql::migration> record_tables::migrations() {
  return steps;
}

void record_tables::each_policy(sql::connection& in,
                                const std::function<void(std::int64_t id, std::shared_ptr<const metadata>)>& visit) {
  in.each("SELECT id, " EUNOMIA_METADATA_COLUMNS " FROM policy ORDER BY id", {},
          [&](const sql::row& row) { visit(row.int64(0), read_metadata(row, 1)); });
}

void record_tables::each_record(sql::connection& in, const std::function<void(const stored_record&)>& visit) {
  in.each("SELECT id, lookup, subject, collected_at, policy FROM personal_record ORDER BY id", {},
          [&](const sql::row& row) {
            visit({row.int64(0), row.text(1), core::subject_handle(row.uint64(2)), row.int64(3), row.int64(4)});
          });
}

bool record_tables::has(sql::connection& in, std::string_view lookup) {
  return !in.query_one("SELECT id FROM personal_record WHERE lookup = :lookup", {{"lookup", lookup}}).empty();
}

std::uint64_t record_tables::saved_frame(sql::connection& in) {
  return in.query_one("SELECT number FROM saved_frame")[0].uint64(0);
}

std::vector<record_tables::sealed_record> record_tables::sealed(sql::connection& in,
                                                                std::span<const std::int64_t> ids) const {
  std::vector<sealed_record> found;
  std::vector<std::int64_t> rest;
  for (const std::int64_t id : ids) {
    if (const auto known = unsaved_.find(id); known != unsaved_.end() && known->second.sealed) {
      const unsaved_record& one = known->second;
      found.push_back({id, one.lookup, one.about, *one.sealed, one.granted});
    } else {
      rest.push_back(id);
    }
  }
  const auto read = [&](const sql::row& row) {
    sealed_record one{row.int64(0), lookup_from(row.text(1)), core::subject_handle(row.uint64(2)),
                      std::string(row.text(3)), granted(row.int64(0))};
    one.about = one.granted ? one.granted->in->to : one.about;
    found.push_back(std::move(one));
  };
  if (rest.size() == 1) {
    in.each("SELECT id, lookup, subject, sealed FROM personal_record WHERE id = :id", {{"id", rest.front()}}, read);
  } else if (!rest.empty()) {
    in.each("SELECT id, lookup, subject, sealed FROM personal_record WHERE id IN {int64s:ids}",
            {{"ids", sql::int64_list(rest)}}, read);
  }
  if (found.size() != ids.size()) {
    throw core::error(core::errc::corrupt, fmt::format("personal_record has lost {} of {} records; restore it from a "
                                                       "backup",
                                                       ids.size() - found.size(), ids.size()));
  }
  return found;
}

std::optional<granted_key> record_tables::granted(std::int64_t id) const {
  const auto known = unsaved_.find(id);
  return known == unsaved_.end() ? std::nullopt : known->second.granted;
}

std::vector<std::int64_t> record_tables::granted() const {
  std::vector<std::int64_t> ids;
  for (const auto& [id, one] : unsaved_) {
    if (one.granted) {
      ids.push_back(id);
    }
  }
  std::ranges::sort(ids);
  return ids;
}

void record_tables::insert(const new_record& one) {
  unsaved_record& made = unsaved_[one.id];
  made.made = one;
  made.made->sealed = {};  // a view of the caller's
  made.lookup = one.lookup;
  made.about = one.about;
  made.sealed = std::string(one.sealed);
  made.policy = one.policy;
}

void record_tables::seal(const record_name& one, core::subject_handle about, std::string_view sealed) {
  unsaved_record& anew = unsaved_[one.id];
  anew.lookup = one.lookup;
  anew.about = about;
  anew.sealed = std::string(sealed);
  anew.granted.reset();
}

void record_tables::grant(const std::shared_ptr<const key_grant>& keys) {
  for (std::size_t i = 0; i < keys->records.size(); ++i) {
    unsaved_record& one = unsaved_[keys->records[i]];
    one.about = keys->to;
    one.granted = granted_key{keys, i};
  }
}

void record_tables::set_policy(std::span<const std::int64_t> ids, std::int64_t policy) {
  for (const std::int64_t id : ids) {
    unsaved_[id].policy = policy;
  }
}

void record_tables::erase(std::span<const record_name> records) {
  for (const record_name& one : records) {
    const auto known = unsaved_.find(one.id);
    if (known == unsaved_.end() || !known->second.made) {
      erased_.insert_or_assign(one.lookup, one.id);
    }
    if (known != unsaved_.end()) {
      unsaved_.erase(known);
    }
  }
}

void record_tables::define_policy(std::int64_t id, const std::shared_ptr<const metadata>& means) {
  unsaved_policies_.insert_or_assign(id, means);
}

void record_tables::drop_policy(std::int64_t id) {
  unsaved_policies_.insert_or_assign(id, nullptr);
}

void record_tables::record_audit(const audit_block& entries) {
  unsaved_audit_.push_back(entries);
  unsaved_entries_ += entries->size();
}

std::optional<std::int64_t> record_tables::erased_row(const record_lookup& lookup) const {
  const auto known = erased_.find(lookup);
  return known == erased_.end() ? std::nullopt : std::optional(known->second);
}

void record_tables::take_out(sql::transaction& in, std::int64_t id) {
  in.execute("DELETE FROM personal_record WHERE id = :id", {{"id", id}});
}

void record_tables::save(sql::transaction& in, subject::audit_log& log, std::uint64_t last_frame) const {
  // What was erased goes first: a new record may have the key of one.
  std::vector<std::int64_t> gone;
  for (const auto& [lookup, id] : erased_) {
    gone.push_back(id);
  }
  std::ranges::sort(gone);
  if (!gone.empty()) {
    in.execute("DELETE FROM personal_record WHERE id IN {int64s:ids}", {{"ids", sql::int64_list(gone)}});
  }
  save_policies(in);
  save_records(in);
  for (const audit_block& one : unsaved_audit_) {
    log.append_chained(in, *one);
  }
  in.execute("UPDATE saved_frame SET number = :number", {{"number", last_frame}});
}

void record_tables::save_policies(sql::transaction& in) const {
  for (const auto& [id, means] : unsaved_policies_) {
    if (!means) {
      in.execute("DELETE FROM policy WHERE id = :id", {{"id", id}});
      continue;
    }
    std::array<std::string, text_attributes.size()> texts;
    std::vector<sql::argument> arguments = {{"id", id}, {"ttl", means->time_to_live_s}};
    for (std::size_t i = 0; i < texts.size(); ++i) {
      texts[i] = joined(means->texts[i]);
      arguments.emplace_back(text_columns[i], texts[i]);
    }
    in.execute("INSERT INTO policy (id, " EUNOMIA_METADATA_COLUMNS
               ") VALUES (:id, :ttl, :pur, :obj, :dec, :acl, :shr, :src, :cat) ON CONFLICT (id) DO UPDATE SET "
               "ttl = :ttl, pur = :pur, obj = :obj, dec = :dec, acl = :acl, shr = :shr, src = :src, cat = :cat",
               arguments);
  }
}

// In the order of their rows, so that those of a page follow each other.
void record_tables::save_records(sql::transaction& in) const {
  std::vector<std::int64_t> ids;
  ids.reserve(unsaved_.size());
  for (const auto& [id, one] : unsaved_) {
    ids.push_back(id);
  }
  std::ranges::sort(ids);
  std::vector<new_record> made;
  std::map<std::int64_t, std::vector<std::int64_t>> by_policy;
  for (const std::int64_t id : ids) {
    const unsaved_record& one = unsaved_.at(id);
    if (one.made) {
      made.push_back({id, one.made->lookup, one.about, one.made->collected_at, one.policy.value(), one.sealed.value()});
      continue;
    }
    if (one.sealed) {
      in.execute("UPDATE personal_record SET subject = :subject, sealed = :sealed WHERE id = :id",
                 {{"subject", one.about}, {"sealed", *one.sealed}, {"id", id}});
    }
    if (one.policy) {
      by_policy[*one.policy].push_back(id);
    }
  }
  for (const auto& [policy, members] : by_policy) {
    in.execute("UPDATE personal_record SET policy = :policy WHERE id IN {int64s:ids}",
               {{"policy", policy}, {"ids", sql::int64_list(members)}});
  }
  insert_all(in, made);
}

void record_tables::insert_all(sql::transaction& in, std::span<const new_record> records) {
  std::vector<std::int64_t> ids, subjects, times, policies;
  std::vector<std::string_view> lookups, sealed;
  for (const new_record& one : records) {
    ids.push_back(one.id);
    lookups.push_back(text_of(one.lookup));
    subjects.push_back(static_cast<std::int64_t>(one.about.value()));
    times.push_back(one.collected_at);
    sealed.push_back(one.sealed);
    policies.push_back(one.policy);
  }
  in.insert_many("personal_record", {{"id", std::span<const std::int64_t>(ids)},
                                     {"lookup", std::span<const std::string_view>(lookups)},
                                     {"subject", std::span<const std::int64_t>(subjects)},
                                     {"collected_at", std::span<const std::int64_t>(times)},
                                     {"sealed", std::span<const std::string_view>(sealed)},
                                     {"policy", std::span<const std::int64_t>(policies)}});
}

void record_tables::forget_unsaved() {
  unsaved_.clear();
  erased_.clear();
  unsaved_policies_.clear();
  unsaved_audit_.clear();
  unsaved_entries_ = 0;
}

}  // namespace eunomia::gdprbench
