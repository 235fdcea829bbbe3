#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>

namespace eunomia::subject {

// Writes a ZIP file that anybody opens: entries deflated one after another, the same bytes for the same calls. No time
// is kept of an entry: each is dated 1980-01-01, ZIP's first day. Bounded memory, entries of any size (Zip64). The file
// is readable by its owner only and takes the place of another of its name with finish(), as core::atomic_file has it:
// destroyed before, this leaves nothing.
class zip_file {
 public:
  explicit zip_file(const std::filesystem::path& path);
  ~zip_file();
  zip_file(const zip_file&) = delete;
  zip_file& operator=(const zip_file&) = delete;

  // An entry begins, and the one before ends. name: '/' between folders, distinct.
  void begin(std::string_view name);
  // Appends to the entry. Throws errc::resource_exhausted for a full disk; nothing may follow an exception.
  void write(std::string_view content);
  // Durable when it returns; the size of the file in bytes. Call once.
  std::uint64_t finish();

 private:
  class target;

  void end();
  void require(int result);

  std::unique_ptr<target> out_;
  void* zip_ = nullptr;  // minizip's zipFile
  bool inside_ = false;  // an entry
};

}  // namespace eunomia::subject
