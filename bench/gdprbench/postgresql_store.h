#pragma once

#include <memory>
#include <string>

#include "bench/gdprbench/store_under_test.h"

namespace eunomia::gdprbench {

// How the peer keeps PUR, OBJ, ACL and SHR, which may have several values.
enum class multi_valued {
  arrays,  // text[] with a GIN index, as ours can
  scalars  // text with a B-tree: enough for what GDPRbench generates, and cheaper to keep
};

// A PostgreSQL that does the same, as somebody would build it who knows PostgreSQL well:
//
// - one table of records with an index on every metadata field, one of people with their data keys, wrapped by a key
//   that the database never sees; payloads sealed and opened by the client, with the same library as ours; keys of
//   records and people as keyed digests;
// - an audit row for every operation, in the same transaction: most operations are one prepared statement, a WITH that
//   inserts the audit row, and so one round trip and one commit. A plain table: rows have no chain of hashes, which
//   would make transactions wait for one another;
// - READ COMMITTED, synchronous_commit = on, a connection for each client over the Unix socket, the table loaded by
//   COPY, indices built after, VACUUM ANALYZE; a change that changes nothing writes no row.
//
// url: a server to itself; the tables are made in a schema of their own, which the destructor drops.
std::unique_ptr<store_under_test> make_postgresql_store(const workload_parameters& of, const std::string& url,
                                                        multi_valued how);

}  // namespace eunomia::gdprbench
