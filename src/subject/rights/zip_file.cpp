// minizip deflates and writes the format; its output goes through core::atomic_file. Exceptions must not pass through
// its C code: a callback keeps one, answers "error", and it is thrown again here.
#include "subject/rights/zip_file.h"

#include <zip.h>

#include <algorithm>
#include <exception>
#include <span>
#include <string>

#include "core/error.h"
#include "core/file.h"

namespace eunomia::subject {

namespace {

constexpr std::size_t largest_write = std::size_t{1} << 30;  // minizip counts in unsigned int
constexpr uLong first_of_1980 = 1U << 21 | 1U << 16;         // as DOS has it: year since 1980, month, day
constexpr uLong made_on_unix = 3U << 8 | 45;                 // format version 4.5, which has Zip64
constexpr uLong file_of_its_owner = 0100600UL << 16;
constexpr uLong names_are_utf8 = 1U << 11;

}  // namespace

class zip_file::target {
 public:
  explicit target(const std::filesystem::path& path) : file_(path) {}

  // Valid as long as this.
  zlib_filefunc64_def functions() {
    return {.zopen64_file = [](voidpf self, const void*, int) -> voidpf { return self; },
            .zread_file = [](voidpf, voidpf, void*, uLong) -> uLong { return 0; },
            .zwrite_file = [](voidpf, voidpf self, const void* data, uLong size) -> uLong {
              return static_cast<target*>(self)->write({static_cast<const std::byte*>(data), size}) ? size : 0;
            },
            .ztell64_file = [](voidpf, voidpf self) -> ZPOS64_T { return static_cast<target*>(self)->at_; },
            .zseek64_file = [](voidpf, voidpf self, ZPOS64_T offset, int origin) -> long {
              return static_cast<target*>(self)->seek(offset, origin) ? 0 : -1;
            },
            .zclose_file = [](voidpf, voidpf) -> int { return 0; },
            .zerror_file = [](voidpf, voidpf self) -> int { return static_cast<target*>(self)->problem_ ? 1 : 0; },
            .opaque = this};
  }

  void rethrow() const {
    if (problem_) {
      std::rethrow_exception(problem_);
    }
  }
  core::atomic_file& file() { return file_; }

 private:
  bool write(core::bytes_view data) noexcept {
    if (problem_) {
      return false;
    }
    try {
      const auto over = static_cast<std::size_t>(std::min<std::uint64_t>(data.size(), file_.size() - at_));
      if (over > 0) {
        file_.write_at(at_, data.first(over));
      }
      file_.write(data.subspan(over));
      at_ += data.size();
      return true;
    } catch (...) {
      problem_ = std::current_exception();
      return false;
    }
  }

  bool seek(std::uint64_t offset, int origin) noexcept {
    const std::uint64_t from = origin == ZLIB_FILEFUNC_SEEK_SET   ? 0
                               : origin == ZLIB_FILEFUNC_SEEK_CUR ? at_
                                                                  : file_.size();
    if (from + offset > file_.size()) {
      return false;
    }
    at_ = from + offset;
    return true;
  }

  core::atomic_file file_;
  std::uint64_t at_ = 0;
  std::exception_ptr problem_;
};

zip_file::zip_file(const std::filesystem::path& path) : out_(std::make_unique<target>(path)) {
  zlib_filefunc64_def functions = out_->functions();
  zip_ = zipOpen2_64(path.c_str(), APPEND_STATUS_CREATE, nullptr, &functions);
  require(zip_ == nullptr ? ZIP_INTERNALERROR : ZIP_OK);
}

zip_file::~zip_file() {
  if (zip_ != nullptr) {
    zipClose(zip_, nullptr);  // frees what it holds; what it writes is in a file that was never committed
  }
}

void zip_file::require(int result) {
  out_->rethrow();
  if (result != ZIP_OK) {
    throw core::error(core::errc::internal, "minizip refused to write an archive: code " + std::to_string(result));
  }
}

void zip_file::begin(std::string_view name) {
  end();
  const std::string terminated(name);
  const zip_fileinfo about = {
      .tmz_date = {}, .dosDate = first_of_1980, .internal_fa = 0, .external_fa = file_of_its_owner};
  require(zipOpenNewFileInZip4_64(zip_, terminated.c_str(), &about, nullptr, 0, nullptr, 0, nullptr, Z_DEFLATED,
                                  Z_DEFAULT_COMPRESSION, 0, -MAX_WBITS, DEF_MEM_LEVEL, Z_DEFAULT_STRATEGY, nullptr, 0,
                                  made_on_unix, names_are_utf8, 1));
  inside_ = true;
}

void zip_file::write(std::string_view content) {
  while (!content.empty()) {
    const std::string_view some = content.substr(0, largest_write);
    require(zipWriteInFileInZip(zip_, some.data(), static_cast<unsigned>(some.size())));
    content.remove_prefix(some.size());
  }
}

void zip_file::end() {
  if (inside_) {
    inside_ = false;
    require(zipCloseFileInZip(zip_));
  }
}

std::uint64_t zip_file::finish() {
  end();
  const int closed = zipClose(zip_, nullptr);
  zip_ = nullptr;
  require(closed);
  const std::uint64_t bytes = out_->file().size();
  out_->file().commit();
  return bytes;
}

}  // namespace eunomia::subject
