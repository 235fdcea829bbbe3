// A main() for a fuzz target without libFuzzer: runs it once for every file named, and for every file in a folder
// named. So any compiler's build replays the seeds and what was found before.
//
//   csv_replay fuzz/corpus/csv

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "core/file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

// Targets with a mutator of their own ask libFuzzer for this one; nothing is mutated here.
extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t*, std::size_t size, std::size_t) {
  return size;
}

int main(int count, char** arguments) {
  std::vector<std::filesystem::path> files;
  for (const std::string& name : std::vector<std::string>(arguments + 1, arguments + count)) {
    if (!std::filesystem::is_directory(name)) {
      files.emplace_back(name);
      continue;
    }
    for (const auto& entry : std::filesystem::directory_iterator(name)) {
      files.push_back(entry.path());
    }
  }
  if (files.empty()) {
    std::fprintf(stderr, "replay: no files; name inputs, or folders of them\n");
    return 2;
  }
  std::sort(files.begin(), files.end());
  for (const auto& file : files) {
    std::fprintf(stderr, "%s\n", file.c_str());  // the last one named is the one that failed
    const std::string content = eunomia::core::read_file(file);
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(content.data()), content.size());
  }
  std::fprintf(stderr, "%zu inputs replayed\n", files.size());
}
