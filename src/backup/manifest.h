#pragma once

#include <boost/describe.hpp>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/job.h"
#include "core/sign.h"
#include "store/sql/dump.h"

// A backup is a folder that ordinary tools copy:
//
//   manifest.json       what it is, and size and digest of every other file; written last
//   database            the dump of the database (store/sql/dump.h)
//   blobs/KEY           every blob that the database names
//   unfinished          while it is being written
//
// It is whole when the manifest is there. Nothing in it opens without the keyring, which it does not hold.
namespace eunomia::backup {

inline constexpr std::int64_t manifest_format = 1;
inline constexpr std::string_view manifest_name = "manifest.json";
inline constexpr std::string_view unfinished_name = "unfinished";
inline constexpr std::string_view database_name = "database";
inline constexpr std::string_view blobs_prefix = "blobs/";
inline constexpr std::uint64_t max_manifest_bytes = std::uint64_t{1} << 29;
inline constexpr std::size_t max_files = 2'000'000;

struct kept_file {
  std::string path;  // within the folder
  std::uint64_t size = 0;
  std::string digest;  // BLAKE2b, 64 hexadecimal digits
};
BOOST_DESCRIBE_STRUCT(kept_file, (), (path, size, digest))

struct manifest {
  std::int64_t format = manifest_format;
  std::string eunomia;               // the version that made it
  std::string created_at;            // when its snapshot was taken, ISO 8601
  std::string keyring;               // the id of the keyring that opens it
  std::vector<std::int64_t> epochs;  // whose keys open it, ascending
  // Of the newest record of the ledger of erasures before the snapshot: a ledger that ends before it is not the one
  // that this backup is to be held against.
  std::uint64_t ledger_sequence = 0;
  std::vector<store::sql::schema_version> schema;
  std::uint64_t tables = 0;
  std::uint64_t rows = 0;
  std::vector<kept_file> files;
  std::string signed_by;  // the public key of the installation that made it
  std::string digest;     // BLAKE2b of the file with this member and the next empty
  std::string signature;  // of the digest, as hexadecimal digits
};
BOOST_DESCRIBE_STRUCT(manifest, (),
                      (format, eunomia, created_at, keyring, epochs, ledger_sequence, schema, tables, rows, files,
                       signed_by, digest, signature))

std::uint64_t bytes_of(const manifest& of);

// Writes it into the folder, durably, with its digest and signature. The backup is whole from then on.
void write_manifest(const std::filesystem::path& folder, manifest what, const core::signing_key& by);

// Throws errc::not_found when the folder holds no backup or one that is not whole, errc::corrupt when the manifest was
// changed, by accident or, unless all of it was signed anew by another key, which signed_by then names, on purpose;
// errc::failed_precondition for the format of a newer version.
manifest read_manifest(const std::filesystem::path& folder);

// Reads every file of a backup and compares size and digest. Throws errc::corrupt naming the first file that differs or
// is missing, and what read_manifest throws.
manifest verify(const std::filesystem::path& folder, core::job& job);

}  // namespace eunomia::backup
