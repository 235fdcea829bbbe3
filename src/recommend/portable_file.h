#pragma once

#include <filesystem>

#include "recommend/portable_model.h"

// The open format of a model, which anybody can read without a program of ours (docs/models.md): a ZIP file of entries
// that are stored as they are, of which "manifest.json" says what it is, "items.json" is the list of the items' ids,
// and the others are arrays in numpy's format, "inverse.npy". So numpy.load() reads the arrays, and numpy.savez()
// writes them.
namespace eunomia::recommend {

inline constexpr int portable_format = 1;
inline constexpr std::uint64_t max_portable_bytes = std::uint64_t{4000} << 20U;  // ZIP's own limit is 4 GiB
inline constexpr std::size_t max_portable_entries = 64;

// Replaces the file atomically; the same model gives the same bytes. Throws errc::resource_exhausted beyond
// max_portable_bytes, and as core::atomic_file.
void write_portable(const portable_model& what, const std::filesystem::path& file);

// Reads and checks the container; scorer_of() checks what is in it. Throws errc::invalid_argument naming the entry and
// what is wrong with it, errc::resource_exhausted beyond the limits above.
portable_model read_portable(const std::filesystem::path& file);

}  // namespace eunomia::recommend
