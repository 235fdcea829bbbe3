#pragma once

// Opens an archive, for tests. Only *_test.cpp includes it.

#include <gtest/gtest.h>
#include <unzip.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace eunomia::subject::testing {

// The entries by name; each was read to its end, and its checksum was right.
inline std::map<std::string, std::string> read_zip(const std::filesystem::path& file) {
  std::map<std::string, std::string> entries;
  unzFile zip = unzOpen64(file.c_str());
  EXPECT_NE(zip, nullptr) << "no ZIP file";
  for (int now = zip == nullptr ? UNZ_END_OF_LIST_OF_FILE : unzGoToFirstFile(zip); now == UNZ_OK;
       now = unzGoToNextFile(zip)) {
    unz_file_info64 about = {};
    std::vector<char> name(1024);
    EXPECT_EQ(unzGetCurrentFileInfo64(zip, &about, name.data(), name.size(), nullptr, 0, nullptr, 0), UNZ_OK);
    EXPECT_EQ(unzOpenCurrentFile(zip), UNZ_OK);
    std::string content(about.uncompressed_size, '\0');
    std::size_t got = 0;
    while (got < content.size()) {
      const int more = unzReadCurrentFile(zip, content.data() + got, static_cast<unsigned>(content.size() - got));
      if (more <= 0) {
        ADD_FAILURE() << name.data() << " ends early: " << more;
        break;
      }
      got += static_cast<std::size_t>(more);
    }
    EXPECT_EQ(unzCloseCurrentFile(zip), UNZ_OK) << name.data();
    EXPECT_TRUE(entries.emplace(name.data(), std::move(content)).second) << name.data() << " is there twice";
  }
  if (zip != nullptr) {
    unzClose(zip);
  }
  return entries;
}

}  // namespace eunomia::subject::testing
