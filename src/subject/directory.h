#pragma once

#include <boost/describe.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/data_keys.h"
#include "core/subject_handle.h"
#include "store/sql/database.h"
#include "subject/vault/vault.h"

// The one place where raw identifiers of people rest, each sealed with the key of the person whom it names. Everything
// else holds handles.
namespace eunomia::subject {

// Personalize allows 256 characters; nobody is refused for less than this many bytes.
inline constexpr std::size_t max_identifier_bytes = 16 * 1024;
inline constexpr std::size_t max_space_bytes = 64;

// Why a raw identifier cannot be kept ("is empty", "has 20000 bytes, more than max_identifier_bytes = 16384", "is not
// UTF-8", "holds U+0000"), or nothing when it can: 1 to max_identifier_bytes bytes of UTF-8 without U+0000, compared
// byte by byte, neither trimmed, folded nor normalised. For importers, which know the row to name; every function
// below throws errc::invalid_argument with this reason, and never with the identifier.
std::optional<std::string> identifier_fault(std::string_view raw);

// How many identifiers one person may have, in all spaces.
inline constexpr std::size_t max_identifiers_of_a_subject = 100;

// Identifiers live in spaces ("user", "customer", "annotator"): 1 to max_space_bytes of a-z, 0-9, '_' and '-'. Safe
// from any number of threads.
class directory {
 public:
  virtual ~directory() = default;

  // Nothing when the identifier is not known.
  virtual std::optional<core::subject_handle> find(std::string_view space, std::string_view raw) const = 0;
  // One handle for each identifier; 0, nobody, for those not known.
  virtual std::vector<core::subject_handle> find_all(std::string_view space,
                                                     std::span<const std::string_view> raw) const = 0;

  // One handle for each identifier, in order; duplicates allowed. Unknown ones get the next handles, 1, 2, 3, ... in
  // the order in which they first occur, and are durable when it returns. A handle never names a second person, even
  // after an erasure.
  virtual std::vector<core::subject_handle> resolve(std::string_view space, std::span<const std::string_view> raw) = 0;
  core::subject_handle resolve(std::string_view space, std::string_view raw);

  // Nothing when the handle has no identifier in that space; of several the one that came first.
  virtual std::optional<std::string> identifier_of(std::string_view space, core::subject_handle subject) const = 0;
  virtual std::vector<std::optional<std::string>> identifiers_of(
      std::string_view space, std::span<const core::subject_handle> subjects) const = 0;

  // The number of identifiers in a space.
  virtual std::uint64_t count(std::string_view space) const = 0;
};

// The identifiers that one import meets. What it adds exists nowhere until record(), which belongs to the transaction
// that also publishes the import: an import that fails, or is killed, leaves no identifier behind. Meanwhile every
// other user of the same durable_directory gets the same handle for the same identifier. For one thread.
//
// Of those whom it met it has the keys, also of whom the vault has none yet: these are what the vault will have,
// whoever makes the handle durable. So what an import brings can be sealed before anybody is enrolled. keys_of() may be
// called by several threads while no other function is.
class enrolment : public core::data_key_source {
 public:
  // What is met from here on was written down at that time, UTC ms: whoever asked to be erased after it is met as
  // nobody, 0, for as long as their erasure is under way (durable_directory::withhold).
  virtual void came_at(std::int64_t /*ms*/) {}

  // The handles of raw, written into handles of the same length. Call it with a few thousand at a time: what was met
  // before is answered from memory. Memory: the distinct identifiers and about 40 bytes each.
  virtual void resolve(std::span<const std::string_view> raw, std::span<core::subject_handle> handles) = 0;

  // The number of identifiers that were not known before.
  virtual std::uint64_t added() const = 0;

  // Writes what was added, within the caller's transaction; may be called again when that transaction is repeated.
  // errc::failed_precondition, and the import must be done again: another process enrolled one of the identifiers under
  // another handle, or one of the subjects was erased meanwhile.
  virtual void record(store::sql::transaction& in) = 0;
};

// What of some people rests in the directory and the vault.
struct identifier_trace {
  std::string space;
  std::string identifier;  // raw
  std::string lookup;      // as they rest
  std::string sealed;
};
BOOST_DESCRIBE_STRUCT(identifier_trace, (), (space, identifier, lookup, sealed))
struct identity_traces {
  std::vector<identifier_trace> identifiers;
  std::vector<std::string> keys;  // wrapped
};
BOOST_DESCRIBE_STRUCT(identity_traces, (), (identifiers, keys))

// What somebody is known by, or was.
struct named_identifier {
  std::string space;
  std::string raw;
};

// A directory that outlives the process.
class durable_directory : public directory {
 public:
  virtual std::unique_ptr<enrolment> enrol(std::string_view space) = 0;

  // Every identifier of somebody, by space; nothing of who has none.
  virtual std::vector<named_identifier> known_by(core::subject_handle subject) const = 0;

  // Who has an identifier in any space, ascending.
  virtual std::vector<core::subject_handle> everybody(store::sql::connection& in) const = 0;

  // Within the caller's transaction, somebody is known by one more identifier from now on, sealed with their key; false
  // when it named them already. A space may hold any number of one person. errc::not_found when nobody has that handle
  // any more; errc::already_exists when the identifier names somebody else, without the identifier;
  // errc::resource_exhausted above max_identifiers_of_a_subject.
  virtual bool link(store::sql::transaction& in, std::string_view space, std::string_view raw,
                    core::subject_handle subject) = 0;

  // Within the caller's transaction, somebody is known by another identifier of a space from now on, and not by one
  // that they had; nothing changes where that is so already. errc::not_found when they had neither;
  // errc::already_exists when the other names somebody else, without the identifier.
  virtual void rename(store::sql::transaction& in, std::string_view space, core::subject_handle subject,
                      std::string_view from, std::string_view to) = 0;

  // Removes every identifier of the subject, in all spaces, and their key, within the caller's transaction; false when
  // there was none. The bytes leave the database file with the commit and its log with database::checkpoint_truncate();
  // what a copy elsewhere holds cannot be opened once the epoch is destroyed (vault.h).
  virtual bool erase(store::sql::transaction& in, core::subject_handle subject) = 0;

  // For who erases them, and looks afterwards whether any of it is left.
  virtual identity_traces traces_of(store::sql::connection& in, std::span<const core::subject_handle> people) const = 0;
  // Within the caller's transaction, these identifiers name nobody for an enrolment of what came before that time, UTC
  // ms: so that a file which waits to be imported does not bring back who asked to be erased. Until the request lets
  // go.
  virtual void withhold(store::sql::transaction& in, std::int64_t request, std::span<const identifier_trace> erased,
                        std::int64_t at) = 0;
  // Which of these are withheld: those whom they named are being erased.
  virtual std::vector<bool> withheld(std::string_view space, std::span<const std::string_view> raw) const = 0;
  virtual void let_go(store::sql::transaction& in, std::int64_t request) = 0;
  // A handle that is nobody's: of a case, so that the vault has a key for it.
  virtual core::subject_handle new_handle(store::sql::transaction& in) = 0;
};

// The tables that a SQL directory needs, for database::migrate.
std::span<const store::sql::migration> directory_migrations();

// The database must have the directory's migrations, and outlive the directory; the vault must be its own.
std::unique_ptr<durable_directory> open_directory(store::sql::database& in, std::shared_ptr<vault> keys);

// Forgets everything with the process: for commands that read files, answer and end.
std::unique_ptr<directory> make_memory_directory();

}  // namespace eunomia::subject
