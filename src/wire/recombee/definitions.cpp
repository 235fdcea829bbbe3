#include "wire/recombee/definitions.h"

#include <fmt/format.h>

#include <array>

#include "core/error.h"
#include "core/json.h"
#include "core/json_writer.h"

namespace eunomia::wire::recombee {

namespace sql = store::sql;

namespace {

constexpr sql::migration migrations[] = {{"recombee", 1, R"(
  CREATE TABLE recombee_definition (
    database_name {text} NOT NULL,
    kind {text} NOT NULL,
    parent {text} NOT NULL,        -- empty: none
    id {text} NOT NULL,
    body {text} NOT NULL,          -- JSON
    PRIMARY KEY (database_name, kind, parent, id)
  )
)"}};

constexpr std::array<std::string_view, 11> names = {"item_property", "user_property", "retired_column", "deleted_item",
                                                    "recommender",   "scenario",      "segmentation",   "segment",
                                                    "synonym",       "series",        "series_item"};

std::string_view name_of(definition_kind kind) {
  return names[static_cast<std::size_t>(kind)];
}

std::string text_of(const core::json_value& value) {
  core::json_writer out;
  out.value(value);
  return std::move(out).text();
}

void insert(sql::transaction& in, std::string_view database, const definition& made) {
  in.execute(
      "INSERT INTO recombee_definition (database_name, kind, parent, id, body) VALUES (:database, :kind, :parent, :id, "
      ":body)",
      {{"database", database},
       {"kind", name_of(made.kind)},
       {"parent", made.parent},
       {"id", made.id},
       {"body", text_of(made.body)}});
}

bool erase(sql::transaction& in, std::string_view database, definition_kind kind, std::string_view parent,
           std::string_view id) {
  return in.execute(
             "DELETE FROM recombee_definition WHERE database_name = :database AND kind = :kind AND parent = :parent "
             "AND "
             "id = :id",
             {{"database", database}, {"kind", name_of(kind)}, {"parent", parent}, {"id", id}}) > 0;
}

}  // namespace

definitions::definitions(sql::database& in) : sql_(in) {
  sql_.migrate(migrations);
}

void definitions::add(std::string_view database, const definition& made) const {
  sql_.write([&](sql::transaction& in) {
    const auto there = in.query_one(
        "SELECT count(*) FROM recombee_definition WHERE database_name = :database AND kind = :kind AND parent = "
        ":parent "
        "AND id = :id",
        {{"database", database}, {"kind", name_of(made.kind)}, {"parent", made.parent}, {"id", made.id}});
    if (there[0].int64(0) > 0) {
      throw core::error(core::errc::already_exists,
                        fmt::format("{} \"{}\" is there already", name_of(made.kind), made.id));
    }
    const auto all =
        in.query_one("SELECT count(*) FROM recombee_definition WHERE database_name = :database AND kind = :kind",
                     {{"database", database}, {"kind", name_of(made.kind)}});
    if (all[0].uint64(0) >= max_definitions) {
      throw core::error(core::errc::resource_exhausted,
                        fmt::format("database \"{}\" has max_definitions = {} of the kind {}; delete some", database,
                                    max_definitions, name_of(made.kind)));
    }
    insert(in, database, made);
  });
}

void definitions::put(std::string_view database, const definition& made) const {
  sql_.write([&](sql::transaction& in) {
    erase(in, database, made.kind, made.parent, made.id);
    insert(in, database, made);
  });
}

bool definitions::remove(std::string_view database, definition_kind kind, std::string_view parent,
                         std::string_view id) const {
  return sql_.write([&](sql::transaction& in) {
    if (kind == definition_kind::segmentation || kind == definition_kind::series) {
      in.execute(
          "DELETE FROM recombee_definition WHERE database_name = :database AND kind = :kind AND parent = :parent",
          {{"database", database},
           {"kind", name_of(kind == definition_kind::series ? definition_kind::series_item : definition_kind::segment)},
           {"parent", id}});
    }
    return erase(in, database, kind, parent, id);
  });
}

void definitions::remove_all(std::string_view database, definition_kind kind) const {
  sql_.write([&](sql::transaction& in) {
    in.execute("DELETE FROM recombee_definition WHERE database_name = :database AND kind = :kind",
               {{"database", database}, {"kind", name_of(kind)}});
  });
}

void definitions::remove_all(std::string_view database) const {
  sql_.write([&](sql::transaction& in) {
    in.execute("DELETE FROM recombee_definition WHERE database_name = :database", {{"database", database}});
  });
}

std::optional<definition> definitions::find(std::string_view database, definition_kind kind, std::string_view parent,
                                            std::string_view id) const {
  return sql_.read([&](sql::connection& in) -> std::optional<definition> {
    const auto found = in.query_one(
        "SELECT body FROM recombee_definition WHERE database_name = :database AND kind = :kind AND parent = :parent "
        "AND "
        "id = :id",
        {{"database", database}, {"kind", name_of(kind)}, {"parent", parent}, {"id", id}});
    if (found.empty()) {
      return std::nullopt;
    }
    return definition{kind, std::string(parent), std::string(id), core::parse_json(found[0].text(0))};
  });
}

std::vector<definition> definitions::list(std::string_view database, definition_kind kind,
                                          const std::optional<std::string>& parent) const {
  return sql_.read([&](sql::connection& in) {
    std::vector<definition> all;
    in.each(
        "SELECT parent, id, body FROM recombee_definition WHERE database_name = :database AND kind = :kind ORDER BY "
        "parent, id",
        {{"database", database}, {"kind", name_of(kind)}}, [&](const sql::row& row) {
          if (!parent || row.text(0) == *parent) {
            all.push_back({kind, std::string(row.text(0)), std::string(row.text(1)), core::parse_json(row.text(2))});
          }
        });
    return all;
  });
}

std::vector<std::string> definitions::databases_with(definition_kind kind) const {
  return sql_.read([&](sql::connection& in) {
    std::vector<std::string> all;
    in.each("SELECT DISTINCT database_name FROM recombee_definition WHERE kind = :kind ORDER BY database_name",
            {{"kind", name_of(kind)}}, [&](const sql::row& row) { all.emplace_back(row.text(0)); });
    return all;
  });
}

}  // namespace eunomia::wire::recombee
