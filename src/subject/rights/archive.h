#pragma once

#include <cstdint>
#include <filesystem>

#include "core/subject_handle.h"
#include "subject/custody/custodian.h"
#include "subject/purpose/purposes.h"
#include "subject/rights/archive_index.h"

namespace eunomia::subject {

struct archive_order {
  core::subject_handle who;
  archive_scope scope = archive_scope::access;
  std::int64_t made_at = 0;  // UTC ms, for the index: the one thing in it that is not what is held
};

struct archive_report {
  std::uint64_t parts = 0;  // that have rows
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;  // of the file
};
BOOST_DESCRIBE_STRUCT(archive_report, (), (parts, rows, bytes))

// Parts of one archive, those without rows too.
inline constexpr std::size_t max_archive_parts = 10'000;

// Writes what is held of one person to one ZIP file, readable by its owner only, which takes another's place whole or
// not at all:
//
//   index.html                the page for the person: archive_index.h
//   index.json                the same for programs
//   data/CUSTODIAN-PART.csv   the rows of each part: part_writer.h
//   data/CUSTODIAN-PART.json
//
// The same content, scope and made_at give the same bytes. Bounded memory; beside the file it needs room on the disk
// for the largest part as JSON while it is written. No name in it tells who the person is.
//
// An archive that leaves something out unsaid would be worse than none: errc::internal when a holding about data
// subjects neither came as a part, nor was looked_into, nor says why it is not handed over, before and after collecting
// (what was created or dropped meanwhile is nobody's fault). Throws what custodians throw; errc::cancelled;
// errc::resource_exhausted for a full disk or more than max_archive_parts. Who the handle names, the caller knows.
archive_report write_archive(const archive_order& wanted, const custodians& all, const purposes& defined,
                             const std::filesystem::path& file, const custody_context& with);

}  // namespace eunomia::subject
