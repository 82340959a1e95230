"""The settings of a small orders service on Django and Django REST framework. It needs no database."""

SECRET_KEY = "for-the-example-only"
ALLOWED_HOSTS = ["testserver"]
ROOT_URLCONF = "urls"
INSTALLED_APPS = ["rest_framework"]
USE_TZ = True

WATCHWORD = {"issuer": "https://auth.example.com", "audience": "https://orders.example.com"}

REST_FRAMEWORK = {
    "EXCEPTION_HANDLER": "watchword.django.rest.exception_handler",
    "UNAUTHENTICATED_USER": None,  # there is no django.contrib.auth to make an anonymous one
}
