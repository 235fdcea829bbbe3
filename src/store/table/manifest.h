#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "store/sql/database.h"
#include "store/table/table_store.h"

// The manifest: which tables there are and which parts make them up, in SQL. Every function runs within its caller's
// snapshot or transaction.
namespace eunomia::store::table::manifest {

struct table_entry {
  std::int64_t id = 0;
  table_description description;
};

std::span<const sql::migration> migrations();

// errc::invalid_argument for a description that breaks a limit of table_store.h.
void check(const table_description& description);
void check(const column& column);
std::string lower(std::string_view name);

void create(sql::transaction& in, const table_description& description);
void add_column(sql::transaction& in, std::string_view table, const column& added);
// errc::invalid_argument for a table that is not about people.
void add_purpose(sql::transaction& in, std::string_view table, const core::purpose& added);
void drop(sql::transaction& in, std::string_view table);

// errc::not_found.
table_entry find(sql::connection& in, std::string_view table);
std::vector<std::string> names(sql::connection& in);
std::vector<part> parts_of(sql::connection& in, std::int64_t table);
bool has(sql::connection& in, std::int64_t table);
// Whether a part of any table has this key.
bool is_named(sql::connection& in, std::string_view key);
// The key of every part of every table.
std::set<std::string, std::less<>> keys(sql::connection& in);

// errc::failed_precondition unless those of the columns rest sealed now that did when they were described: what is on
// its way into the table lies as they say.
void check_sealed(sql::connection& in, std::int64_t table, std::span<const column> described);
// From here on these columns rest sealed.
void set_sealed(sql::transaction& in, std::int64_t table, std::span<const column> sealed);

// Adds a part at the end of its bucket. errc::failed_precondition when the table is gone.
void add_part(sql::transaction& in, std::int64_t table, const part& added);
// Puts a part in the place of others of its bucket: what it replaces is gone from the manifest; a replacement without
// rows is not put there. errc::unavailable unless all of them were there.
void replace_parts(sql::transaction& in, std::int64_t table, std::span<const part> old, const part& replacement);

}  // namespace eunomia::store::table::manifest
