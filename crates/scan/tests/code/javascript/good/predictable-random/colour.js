function colour() {
  return COLOURS[Math.floor(Math.random() * COLOURS.length)];
}
