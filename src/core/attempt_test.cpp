#include "core/attempt.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "core/log.h"
#include "core/temporary_directory.h"

namespace eunomia::core {
namespace {

TEST(attempt, logs_what_failed_and_goes_on) {
  const temporary_directory folder;
  const auto file = folder.path() / "log";
  log::configure({.file = file});
  int done = 0;
  attempt("the first", [&] { throw error(errc::unavailable, "no disk"); });
  attempt("the second", [&] { ++done; });
  log::configure({});
  EXPECT_EQ(done, 1);
  const std::string told = read_file(file);
  EXPECT_NE(told.find("what=\"the first\""), std::string::npos) << told;
  EXPECT_NE(told.find("no disk"), std::string::npos) << told;
  EXPECT_EQ(told.find("second"), std::string::npos) << told;
}

}  // namespace
}  // namespace eunomia::core
