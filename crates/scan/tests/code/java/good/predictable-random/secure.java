class Otp {
    String newOtp() {
        SecureRandom random = new SecureRandom();
        return String.valueOf(random.nextInt(1000000));
    }
}
