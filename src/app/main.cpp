#include "app/run.h"

int main(int count, char** values) {
  return static_cast<int>(eunomia::app::run({values + 1, values + count}));
}
