#include "wire/personalize/resources.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "core/error.h"
#include "core/hash.h"
#include "core/time.h"

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
    details {text} NOT NULL        -- JSON of its kind
  );
  CREATE INDEX aws_personalize_resource_of ON aws_personalize_resource (parent, kind, id);
  CREATE INDEX aws_personalize_resource_kind ON aws_personalize_resource (kind, id)
)"}};

constexpr std::string_view columns =
    "arn, kind, name, parent, status, failure_reason, created_at, updated_at, details, id";
// What a token holds before it is made unreadable, so that nobody builds one.
constexpr std::string_view token_prefix = "eunomia-after-";

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
  found.details = row.text(8);
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

std::string token_after(std::int64_t id) {
  return core::to_base64(fmt::format("{}{}", token_prefix, id));
}

std::int64_t id_of_token(std::string_view token) {
  const auto refuse = [] {
    throw core::error(core::errc::invalid_argument, "token: it is not the nextToken of a page");
  };
  std::string text;
  try {
    const auto bytes = core::from_base64(token);
    text.assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  } catch (const core::error&) {
    refuse();
  }
  std::int64_t id = 0;
  if (!text.starts_with(token_prefix)) {
    refuse();
  }
  const auto [end, fault] = std::from_chars(text.data() + token_prefix.size(), text.data() + text.size(), id);
  if (fault != std::errc() || end != text.data() + text.size() || id < 0) {
    refuse();
  }
  return id;
}

}  // namespace

resources::resources(sql::database& in) : sql_(in) {
  sql_.migrate(migrations);
}

void resources::add(sql::transaction& in, resource made) {
  if (find_any(in, made.arn)) {
    throw core::error(core::errc::already_exists,
                      fmt::format("Another resource with Amazon Resource Name (ARN) {} already exists.", made.arn));
  }
  const std::int64_t now = core::now_ms();
  in.execute(
      "INSERT INTO aws_personalize_resource (arn, kind, name, parent, status, failure_reason, created_at, updated_at, "
      "details) VALUES (:arn, :kind, :name, :parent, :status, :failure_reason, :now, :now, :details)",
      {{"arn", made.arn},
       {"kind", name_of(made.kind)},
       {"name", made.name},
       {"parent", made.parent},
       {"status", made.status},
       {"failure_reason", made.failure_reason},
       {"now", now},
       {"details", made.details}});
}

void resources::update(sql::transaction& in, const resource& changed) {
  const std::uint64_t met = in.execute(
      "UPDATE aws_personalize_resource SET status = :status, failure_reason = :failure_reason, updated_at = :now, "
      "details = :details WHERE arn = :arn",
      {{"status", changed.status},
       {"failure_reason", changed.failure_reason},
       {"now", core::now_ms()},
       {"details", changed.details},
       {"arn", changed.arn}});
  if (met == 0) {
    refuse_unknown(words_for(changed.kind), changed.arn);
  }
}

void resources::remove(sql::transaction& in, std::string_view arn) {
  const sql::rows child =
      in.query_one("SELECT arn FROM aws_personalize_resource WHERE parent = :arn ORDER BY id LIMIT 1", {{"arn", arn}});
  if (!child.empty()) {
    throw core::error(core::errc::failed_precondition,
                      fmt::format("{} cannot be deleted while {} belongs to it", arn, child[0].text(0)));
  }
  if (in.execute("DELETE FROM aws_personalize_resource WHERE arn = :arn", {{"arn", arn}}) == 0) {
    refuse_unknown("resource", arn);
  }
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
  const std::int64_t after = token.empty() ? 0 : id_of_token(token);
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
            last = row.int64(9);
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

std::uint64_t resources::count(resource_kind kind, std::string_view parent) const {
  return sql_.read([&](sql::connection& in) {
    return in
        .query_one("SELECT count(*) FROM aws_personalize_resource WHERE kind = :kind AND parent = :parent",
                   {{"kind", name_of(kind)}, {"parent", parent}})[0]
        .uint64(0);
  });
}

}  // namespace eunomia::wire::personalize
