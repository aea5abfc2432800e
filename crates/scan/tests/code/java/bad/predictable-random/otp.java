class Otp {
    String newOtp() {
        Random random = new Random();
        return String.valueOf(random.nextInt(1000000));
    }
}
