#pragma once

#include <boost/describe.hpp>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/digest.h"
#include "core/job.h"
#include "store/sql/database.h"

// A whole database as bytes that either engine reads: the steps that made its schema, the rows of every table and the
// numbers that identity columns have reached. It holds what a snapshot shows and nothing else: no free page, no log, no
// index, so that bytes of deleted rows are not in it.
namespace eunomia::store::sql {

struct schema_version {
  std::string room;
  std::int64_t version = 0;
};
BOOST_DESCRIBE_STRUCT(schema_version, (), (room, version))

struct dump_report {
  std::vector<schema_version> schema;
  std::uint64_t tables = 0;
  std::uint64_t rows = 0;
};

// Gives the dump of a snapshot of a database to write, in blocks, in constant memory. Throws errc::internal when a room
// of the schema was not given to of.migrate() in this process: its steps are not known.
dump_report dump(const database& of, connection& snapshot, const std::function<void(core::bytes_view)>& write,
                 core::job& job);

bool has_table(connection& in, std::string_view table);
// Whether a database has no table.
bool is_empty(connection& in);

// Makes schema and rows in an empty database, all in the caller's transaction; then applies those of the steps of
// `also` that the dump did not have. Throws errc::corrupt for bytes that are no dump, errc::failed_precondition when
// the database is not empty.
dump_report load(transaction& into, core::bytes_view dumped, std::span<const migration> also, core::job& job);

}  // namespace eunomia::store::sql
