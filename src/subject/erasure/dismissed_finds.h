#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "subject/directory.h"
#include "subject/rights/request.h"

// What somebody judged not to be theirs of what the search for the erased found: "alice" in the text of an item about
// Wonderland. It counts for the identifiers of that request, and for nothing that they rested as: random bytes stand
// nowhere by chance.
namespace eunomia::subject {

// Of one request: each is a remark of its certificate.
inline constexpr std::size_t max_dismissed_finds = 20;
inline constexpr std::size_t max_dismissed_file_bytes = 255;
inline constexpr std::size_t max_dismissal_reason_bytes = 400;
// Where a place begins that is an object and no file: "s3://bucket/key".
inline constexpr std::string_view object_place = "s3://";

// Throws errc::invalid_argument unless the file is the path of one below the data directory, or of a folder and '/',
// or an object_place,
// and both texts are plain, and neither empty nor too long.
void check(const dismissed_find& said);
// Throws errc::invalid_argument where it holds an identifier that would itself be found, as it stays with the request.
void check_names_nobody(const dismissed_find& said, const identity_traces& of);

// Adds it, in the place of what was said of the same file before. Throws errc::resource_exhausted above
// max_dismissed_finds.
void add(std::vector<dismissed_find>& all, dismissed_find said);

bool covers(std::span<const dismissed_find> all, std::string_view file);

// For the certificate; found: how many places were excused, by file.
std::vector<std::string> remarks_of(std::span<const dismissed_find> all,
                                    const std::map<std::string, std::uint64_t>& found);

}  // namespace eunomia::subject
