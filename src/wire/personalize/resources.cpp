#include "wire/personalize/resources.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "core/json.h"
#include "core/time.h"
#include "wire/personalize/page_token.h"

namespace eunomia::wire::personalize {

namespace sql = store::sql;

namespace {

constexpr sql::migration migrations[] = {{"aws-personalize", 1, R"(
  CREATE TABLE aws_personalize_resource (
    id {id},                       -- the order in which they were made
    arn {text} NOT NULL UNIQUE,
    kind {text} NOT NULL,
    name {text} NOT NULL,
    parent {text} NOT NULL,        -- ARN; empty: none
    status {text} NOT NULL,
    failure_reason {text} NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    shown {text} NOT NULL,         -- JSON
    ours {text} NOT NULL           -- JSON
  );
  CREATE TABLE aws_personalize_tag (
    arn {text} NOT NULL,
    tag_key {text} NOT NULL,
    tag_value {text} NOT NULL,
    PRIMARY KEY (arn, tag_key)
  );
  CREATE INDEX aws_personalize_resource_of ON aws_personalize_resource (parent, kind, id);
  CREATE INDEX aws_personalize_resource_kind ON aws_personalize_resource (kind, id)
)"}};

constexpr std::string_view columns =
    "arn, kind, name, parent, status, failure_reason, created_at, updated_at, shown, ours, id";
resource resource_of(const sql::row& row) {
  resource found;
  found.arn = row.text(0);
  found.kind = resource_kind_named(row.text(1));
  found.name = row.text(2);
  found.parent = row.text(3);
  found.status = row.text(4);
  found.failure_reason = row.text(5);
  found.created_at = row.int64(6);
  found.updated_at = row.int64(7);
  found.shown = core::parse_json(row.text(8));
  found.ours = core::parse_json(row.text(9));
  return found;
}

std::optional<resource> find_any(sql::connection& in, std::string_view arn) {
  const sql::rows found =
      in.query_one(fmt::format("SELECT {} FROM aws_personalize_resource WHERE arn = :arn", columns), {{"arn", arn}});
  return found.empty() ? std::nullopt : std::optional(resource_of(found[0]));
}

[[noreturn]] void refuse_unknown(std::string_view what, std::string_view arn) {
  throw core::error(core::errc::not_found, fmt::format("{} {} does not exist", what, arn));
}

}  // namespace

resources::resources(sql::database& in) : sql_(in) {
  sql_.migrate(migrations);
}

namespace {

void refuse_while_something_belongs_to(sql::transaction& in, std::string_view arn) {
  const sql::rows child =
      in.query_one("SELECT arn FROM aws_personalize_resource WHERE parent = :arn ORDER BY id LIMIT 1", {{"arn", arn}});
  if (!child.empty()) {
    throw core::error(core::errc::failed_precondition,
                      fmt::format("{} cannot be deleted while {} belongs to it", arn, child[0].text(0)));
  }
}

}  // namespace

void resources::add(sql::transaction& in, resource made) {
  if (const auto parent = find_any(in, made.parent); parent && parent->status == deletion_in_progress) {
    throw core::error(core::errc::failed_precondition, fmt::format("{} is being deleted", made.parent));
  }
  if (find_any(in, made.arn)) {
    throw core::error(core::errc::already_exists,
                      fmt::format("Another resource with Amazon Resource Name (ARN) {} already exists.", made.arn));
  }
  const std::int64_t now = core::now_ms();
  in.execute(
      "INSERT INTO aws_personalize_resource (arn, kind, name, parent, status, failure_reason, created_at, updated_at, "
      "shown, ours) VALUES (:arn, :kind, :name, :parent, :status, :failure_reason, :now, :now, :shown, :ours)",
      {{"arn", made.arn},
       {"kind", name_of(made.kind)},
       {"name", made.name},
       {"parent", made.parent},
       {"status", made.status},
       {"failure_reason", made.failure_reason},
       {"now", now},
       {"shown", core::write_json(made.shown)},
       {"ours", core::write_json(made.ours)}});
}

void resources::update(sql::transaction& in, const resource& changed) {
  const std::uint64_t met = in.execute(
      "UPDATE aws_personalize_resource SET status = CASE WHEN status = :deleted THEN status ELSE :status END, "
      "failure_reason = :failure_reason, updated_at = :now, shown = :shown, ours = :ours WHERE arn = :arn",
      {{"deleted", deletion_in_progress},
       {"status", changed.status},
       {"failure_reason", changed.failure_reason},
       {"now", core::now_ms()},
       {"shown", core::write_json(changed.shown)},
       {"ours", core::write_json(changed.ours)},
       {"arn", changed.arn}});
  if (met == 0) {
    refuse_unknown(words_for(changed.kind), changed.arn);
  }
}

void resources::begin_deletion(sql::transaction& in, std::string_view arn) {
  refuse_while_something_belongs_to(in, arn);
  if (in.execute("UPDATE aws_personalize_resource SET status = :status, updated_at = :now WHERE arn = :arn",
                 {{"status", deletion_in_progress}, {"now", core::now_ms()}, {"arn", arn}}) == 0) {
    refuse_unknown("resource", arn);
  }
}

void resources::remove(sql::transaction& in, std::string_view arn) {
  refuse_while_something_belongs_to(in, arn);
  if (in.execute("DELETE FROM aws_personalize_resource WHERE arn = :arn", {{"arn", arn}}) == 0) {
    refuse_unknown("resource", arn);
  }
  in.execute("DELETE FROM aws_personalize_tag WHERE arn = :arn", {{"arn", arn}});
}

void resources::remove_history(sql::transaction& in, resource_kind kind, std::string_view parent) {
  const sql::rows busy = in.query_one(
      "SELECT arn FROM aws_personalize_resource WHERE parent = :parent AND kind = :kind AND (status LIKE '%PENDING' OR "
      "status LIKE '%IN_PROGRESS') ORDER BY id LIMIT 1",
      {{"parent", parent}, {"kind", name_of(kind)}});
  if (!busy.empty()) {
    throw core::error(core::errc::failed_precondition,
                      fmt::format("{} cannot be deleted while {} is under way", parent, busy[0].text(0)));
  }
  in.execute(
      "DELETE FROM aws_personalize_tag WHERE arn IN (SELECT arn FROM aws_personalize_resource WHERE parent = :parent "
      "AND "
      "kind = :kind)",
      {{"parent", parent}, {"kind", name_of(kind)}});
  in.execute("DELETE FROM aws_personalize_resource WHERE parent = :parent AND kind = :kind",
             {{"parent", parent}, {"kind", name_of(kind)}});
}

resource resources::find(sql::connection& in, resource_kind kind, std::string_view arn) {
  const auto parts = parse_arn(arn);
  if (!parts || parts->kind != kind) {
    throw core::error(core::errc::invalid_argument, fmt::format("{} is not the ARN of a {}", arn, words_for(kind)));
  }
  auto found = find_any(in, arn);
  if (!found) {
    refuse_unknown(words_for(kind), arn);
  }
  return *std::move(found);
}

resource resources::find(resource_kind kind, std::string_view arn) const {
  return sql_.read([&](sql::connection& in) { return find(in, kind, arn); });
}

std::optional<resource> resources::find_if_there(std::string_view arn) const {
  return sql_.read([&](sql::connection& in) { return find_any(in, arn); });
}

resource_page resources::list(resource_kind kind, const std::optional<std::string>& parent, std::size_t count,
                              std::string_view token) const {
  if (count == 0 || count > max_page) {
    throw core::error(core::errc::invalid_argument,
                      fmt::format("count: {} is not 1 to max_page = {}", count, max_page));
  }
  const std::int64_t after = token.empty() ? 0 : last_of_token(token);
  resource_page page;
  std::int64_t last = 0;
  bool more = false;
  sql_.read([&](sql::connection& in) {
    std::vector<sql::argument> with = {
        {"kind", name_of(kind)}, {"after", after}, {"most", static_cast<std::int64_t>(count + 1)}};
    if (parent) {
      with.emplace_back("parent", *parent);
    }
    in.each(
        fmt::format("SELECT {} FROM aws_personalize_resource WHERE kind = :kind AND id > :after{} ORDER BY id LIMIT "
                    ":most",
                    columns, parent ? " AND parent = :parent" : ""),
        with, [&](const sql::row& row) {
          more = page.items.size() == count;
          if (!more) {
            page.items.push_back(resource_of(row));
            last = row.int64(10);
          }
        });
  });
  if (more) {
    page.next_token = token_after(last);
  }
  return page;
}

std::vector<resource> resources::with_status(resource_kind kind, std::span<const std::string_view> statuses) const {
  std::vector<resource> found;
  sql_.read([&](sql::connection& in) {
    in.each(fmt::format("SELECT {} FROM aws_personalize_resource WHERE kind = :kind AND status IN {{texts:statuses}} "
                        "ORDER BY id",
                        columns),
            {{"kind", name_of(kind)}, {"statuses", sql::text_list(statuses)}},
            [&](const sql::row& row) { found.push_back(resource_of(row)); });
  });
  return found;
}

std::vector<std::string> resources::arns_of(sql::connection& in, resource_kind kind, std::string_view parent) {
  std::vector<std::string> found;
  in.each("SELECT arn FROM aws_personalize_resource WHERE kind = :kind AND parent = :parent ORDER BY id",
          {{"kind", name_of(kind)}, {"parent", parent}}, [&](const sql::row& row) { found.emplace_back(row.text(0)); });
  return found;
}

std::uint64_t resources::count(resource_kind kind, std::string_view parent) const {
  return sql_.read([&](sql::connection& in) {
    return in
        .query_one("SELECT count(*) FROM aws_personalize_resource WHERE kind = :kind AND parent = :parent",
                   {{"kind", name_of(kind)}, {"parent", parent}})[0]
        .uint64(0);
  });
}

std::optional<resource> resources::find_named(resource_kind kind, std::string_view name) const {
  return sql_.read([&](sql::connection& in) {
    const sql::rows found = in.query_one(
        fmt::format("SELECT {} FROM aws_personalize_resource WHERE kind = :kind AND name = :name ORDER BY id LIMIT 1",
                    columns),
        {{"kind", name_of(kind)}, {"name", name}});
    return found.empty() ? std::nullopt : std::optional(resource_of(found[0]));
  });
}

void resources::add_tags(sql::transaction& in, std::string_view arn, std::span<const tag> more) {
  if (!find_any(in, arn)) {
    refuse_unknown("resource", arn);
  }
  for (const tag& one : more) {
    in.execute("DELETE FROM aws_personalize_tag WHERE arn = :arn AND tag_key = :key", {{"arn", arn}, {"key", one.key}});
    in.execute("INSERT INTO aws_personalize_tag (arn, tag_key, tag_value) VALUES (:arn, :key, :value)",
               {{"arn", arn}, {"key", one.key}, {"value", one.value}});
  }
  const auto there =
      in.query_one("SELECT count(*) FROM aws_personalize_tag WHERE arn = :arn", {{"arn", arn}})[0].uint64(0);
  if (there > max_tags) {
    throw core::error(core::errc::resource_exhausted,
                      fmt::format("{} would have {} tags, more than max_tags = {}", arn, there, max_tags));
  }
}

void resources::remove_tags(sql::transaction& in, std::string_view arn, std::span<const std::string> keys) {
  if (!find_any(in, arn)) {
    refuse_unknown("resource", arn);
  }
  for (const std::string& key : keys) {
    in.execute("DELETE FROM aws_personalize_tag WHERE arn = :arn AND tag_key = :key", {{"arn", arn}, {"key", key}});
  }
}

std::vector<tag> resources::tags_of(std::string_view arn) const {
  std::vector<tag> found;
  sql_.read([&](sql::connection& in) {
    if (!find_any(in, arn)) {
      refuse_unknown("resource", arn);
    }
    in.each("SELECT tag_key, tag_value FROM aws_personalize_tag WHERE arn = :arn ORDER BY tag_key", {{"arn", arn}},
            [&](const sql::row& row) {
              found.push_back({std::string(row.text(0)), std::string(row.text(1))});
            });
  });
  return found;
}

}  // namespace eunomia::wire::personalize
